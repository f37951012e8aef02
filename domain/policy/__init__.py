"""The numbers that a region sets for itself (政策参数): what they may be, who set them, and which is in force."""
