from flask import Flask

from watchword import Watchword
from watchword.edge.flask import Authenticated, principal, protect

auth = Watchword.from_config()
app = protect(Flask("clinic"), auth)


@app.get("/patients")
@Authenticated(auth, roles={"clerk"})
def patients() -> dict[str, object]:
    who = principal()
    return {"patients": ["Ann Lee", "Bo Chen"], "for": who and who.subject}
