"""The WSGI application of the scenario suite, for a server that is a process of its own.

SCENARIO_DATA=<folder> gunicorn tests.edge.served:application
"""

from __future__ import annotations

import os
from pathlib import Path

from tests.edge.house import full
from tests.edge.members.in_threads import wsgi_application

application = wsgi_application(full("common", Path(os.environ["SCENARIO_DATA"])), True, {})
