from typing import Annotated

from fastapi import FastAPI

from watchword import Principal, Watchword
from watchword.edge.fastapi import Authenticated, protect

auth = Watchword.from_config()
app = protect(FastAPI(title="Clinic"), auth)


@app.get("/patients")
async def patients(who: Annotated[Principal, Authenticated(auth, roles={"clerk"})]) -> dict[str, object]:
    return {"patients": ["Ann Lee", "Bo Chen"], "for": who.subject}
