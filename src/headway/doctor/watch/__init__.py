"""Watch any training loop: alarms in plain words, at a few percent of the time at most."""

from headway.doctor.watch.alarms import Alarm, AlarmKind
from headway.doctor.watch.judge import OnAlarm, log_alarm
from headway.doctor.watch.sample import LayerSample, Sample, WeightSample
from headway.doctor.watch.view import Evaluation, View
from headway.doctor.watch.watcher import Watch, watch

__all__ = [
    "Alarm",
    "AlarmKind",
    "Evaluation",
    "LayerSample",
    "OnAlarm",
    "Sample",
    "View",
    "Watch",
    "WeightSample",
    "log_alarm",
    "watch",
]
