"""What each layer of a network takes, beside what its device can do at best.

The model is Williams, Waterman and Patterson, "Roofline", Communications of the ACM 52(4), 2009.
"""
