"""The health of a merged model: checks of its weights, texts and files, and a verdict in one sentence.

`examine` runs every check of `checks/` on a `HealthSubject`. A check is one file there; nothing else knows it.
"""

from mergelab.analysis.health.examination import examine
from mergelab.analysis.health.health_report import CheckResult, Health, HealthFinding
from mergelab.analysis.health.health_subject import HealthSubject
from mergelab.analysis.health.weight_record import WeightRecord

__all__ = ["CheckResult", "Health", "HealthFinding", "HealthSubject", "WeightRecord", "examine"]
