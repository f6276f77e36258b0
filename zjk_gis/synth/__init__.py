"""A synthetic Zhangjiakou (模拟张家口): any size, the same from the same seed, with faults that are known.

Names and codes of districts, streets and communities are real; every shape, pipe, person and incident is
invented. The river splits the city and bridges alone cross it; streets are irregular, zones were redrawn
once, one reporting channel delivers GCJ-02. What is wrong is planted, and `City.truth` lists all of it.

The parts build on one another: `ground` (river, subdivision, street lines), `offices` (codes, grids, zones
and their faults), `streets` (roads and sections), `pipes`, `supply` (valves, sources, users), `places`
(history, parking, homes), `incidents`, and `city` that calls them; `planting` has the table of what is
planted beside near misses, `planted_pipes`, `planted_roads` and `planted_reach` plant it, and `truth` holds
answers against it. `weeks` makes another, small city and what its departments send week by week.
"""

from zjk_gis.synth.city import City, make_city, read_truth, write_city
from zjk_gis.synth.hazards import RiskField, make_risk_field
from zjk_gis.synth.pipe_faults import PipeField, make_pipe_faults, write_pipe_faults
from zjk_gis.synth.truth import check_against_truth, check_planted
from zjk_gis.synth.weeks import Weeks, make_weeks

__all__ = [
    "City",
    "PipeField",
    "RiskField",
    "Weeks",
    "check_against_truth",
    "check_planted",
    "make_city",
    "make_pipe_faults",
    "make_risk_field",
    "make_weeks",
    "read_truth",
    "write_city",
    "write_pipe_faults",
]
