"""The emotions' colours, wherever one is drawn: Okabe and Ito's, told apart by the colour-blind."""

COLORS = {
    "Angry": "#D55E00",
    "Disgust": "#009E73",
    "Sad": "#0072B2",
    "Happy": "#E69F00",
    "Surprise": "#CC79A7",
}
