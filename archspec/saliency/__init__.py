"""What a network looks at in an image: Grad-CAM, occlusion, which block of the spec has which part in a class; pictures of it."""
