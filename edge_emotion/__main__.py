"""`python -m edge_emotion` is `edge-emotion`."""

from edge_emotion.cli import main

main()
