"""What a network looks at in an image: Grad-CAM, occlusion, which part each block has in a class; pictures of it."""
