"""Pictures of a network and its answers: charts, faces, feature maps, and a page of them all.

matplotlib draws the charts and is imported by this package alone.
"""
