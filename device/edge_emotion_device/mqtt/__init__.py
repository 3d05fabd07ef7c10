"""Readings for others over MQTT, and a device that Home Assistant finds by itself.

`sink` puts it together: `faces` says who is there, `outbox` holds what is to be sent, `connection`
sends it with paho-mqtt, `flight` counts what does not arrive, and `discovery` describes it to Home
Assistant.
"""
