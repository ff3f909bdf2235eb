"""All arms, in the order in which they run."""

from arms import control, otel, rastir

ARMS = [*control.ARMS, *rastir.ARMS, *otel.ARMS]
