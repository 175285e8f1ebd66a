"""What is seen of the table: cameras, a detector for their pictures, the tiers of perception, and queries in words.

pictures.py     what a camera gives, simulated or real, and `PictureSource`, the face of several
cameras.py      those of a simulated world
detector.py     things in pictures, by colour and geometry alone, whosever pictures they are
view.py         `Perception`: what is known of the table, and `Privileged`, the truth
noisy.py        the truth with noise and missed detections
camera_tier.py  what the detector finds, followed through an episode
camera_tools.py what programs get of the cameras
queries.py      "the red block left of the bowl"; relations.py says what its words mean
"""
