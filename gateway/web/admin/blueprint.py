"""The routes of /admin. What they do is in `desk.py`, loaded at the first visit: an idle worker stays small."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, Response

from gateway.web.door import Door

if TYPE_CHECKING:
    from gateway.web.admin.desk import AdminDesk


def admin_blueprint(door: Door) -> Blueprint:
    routes = Blueprint("admin", __name__)
    made: list[AdminDesk] = []

    def desk() -> AdminDesk:
        if not made:
            from gateway.web.admin.desk import AdminDesk

            made.append(AdminDesk(door))
        return made[0]

    @routes.get("/admin")
    def overview() -> Response:
        return desk().answer("")

    @routes.route("/admin/<path:page>", methods=("GET", "POST"))
    def any_page(page: str) -> Response:
        return desk().answer(page)

    @routes.get("/admin/static/<name>")
    def asset(name: str) -> Response:
        return desk().asset(name)

    return routes
