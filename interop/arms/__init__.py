"""All arms, in the order in which they run."""

from arms import control, otel, rastir, sdks, viewer, w3c

ARMS = [
    *control.ARMS,
    *rastir.ARMS,
    *otel.ARMS,
    *sdks.ARMS,
    *viewer.ARMS,
    *w3c.ARMS,
]
