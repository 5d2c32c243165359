from litestar import Litestar, get
from litestar.di import NamedDependency

from watchword import Principal, Watchword
from watchword.edge.litestar import Authenticated, protect

auth = Watchword.from_config()


@get("/patients", dependencies={"who": Authenticated(auth, roles={"clerk"})})
async def patients(who: NamedDependency[Principal]) -> dict[str, object]:
    return {"patients": ["Ann Lee", "Bo Chen"], "for": who.subject}


app = protect(Litestar([patients]), auth)
