"""What is done about help: plans, measures, analyses, relief."""

from domain.assistance.actions.analyses import confirm_effect_analysis as confirm_effect_analysis
from domain.assistance.actions.analyses import write_effect_analysis as write_effect_analysis
from domain.assistance.actions.measures import add_measure as add_measure
from domain.assistance.actions.plans import end_plan as end_plan
from domain.assistance.actions.plans import make_plan as make_plan
from domain.assistance.actions.relief import give_relief as give_relief
from domain.assistance.actions.relief import review_relief as review_relief
from domain.assistance.actions.steps import approve_measure as approve_measure
from domain.assistance.actions.steps import cancel_measure as cancel_measure
from domain.assistance.actions.steps import confirm_measure as confirm_measure
from domain.assistance.actions.steps import deliver_measure as deliver_measure
from domain.assistance.actions.steps import start_delivery as start_delivery
