"""The networks that the bench runs: pretrained ones from a wheel, and well-known architectures with seeded weights."""
