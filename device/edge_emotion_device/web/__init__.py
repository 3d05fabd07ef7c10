"""`run --web`: a page with the live picture and the readings, for browsers and programs.

`sink` takes the frames in the outlet's thread and does nothing with them but keep the newest
(`newest`); all else happens in the server's own thread, and for pictures in one more.  From a
request to its reply: `http.protocol` (connections) → `access` (who may ask) → `app` (routes) →
`streams`, where `pictures` encodes for all viewers and `pace` keeps to what each one's link takes.
"""
