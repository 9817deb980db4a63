"""A form of a page: what was typed, and what is wrong with it. Nothing that was typed is lost.

A view posts to an operation and shows the form again with its errors, status 422:

    form = Form.sent()
    try:
        made = transact(databases.main, lambda session: create_brand(session, now, name=form["name"], …))
    except LinkledgerError as error:
        form.reject(error)
        return form.page("backoffice/brand.html")
    return redirect(…)
"""

from collections.abc import Iterable, Mapping
from typing import Any

from flask import Response, make_response, render_template, request
from werkzeug.datastructures import FileStorage, MultiDict

from tracker.errors import Invalid, LinkledgerError

REJECTED = 422
CONFLICT = 409


class Form:
    """The values of a form by name, as text, and the errors at its fields.

    `errors`: name of the field -> what is wrong and what to do; "" is the name of the whole form.
    """

    def __init__(
        self,
        values: Mapping[str, str | Iterable[str]] | None = None,
        files: Mapping[str, FileStorage] | None = None,
    ) -> None:
        self._values: MultiDict[str, str] = MultiDict()
        for name, value in (values or {}).items():
            self._values.setlist(name, [value] if isinstance(value, str) else list(value))
        self._files = dict(files or {})
        self.errors: dict[str, str] = {}
        self.status = REJECTED

    @classmethod
    def sent(cls) -> "Form":
        """The form of the running POST, without NUL characters: no database takes them."""
        values = {
            name: [text.replace("\0", "").replace("\r\n", "\n") for text in texts]
            for name, texts in request.form.lists()
        }
        return cls(values, request.files.to_dict())

    def __getitem__(self, name: str) -> str:
        """What was typed, without the space around it; "" for a field that was not sent."""
        return self.raw(name).strip()

    def raw(self, name: str) -> str:
        """Exactly what was typed, for passwords and for showing it again."""
        return self._values.get(name, "")

    def all(self, name: str) -> list[str]:
        """The values of all fields of this name, such as boxes that were ticked."""
        return self._values.getlist(name)

    def __contains__(self, name: str) -> bool:
        """Whether the field was sent: a box was ticked, a button pressed."""
        return name in self._values

    def file(self, name: str) -> bytes | None:
        """The content of the file that was chosen; None if there is none."""
        found = self._files.get(name)
        content = found.read() if found is not None else b""
        return content or None

    def fail(self, name: str, message: str) -> None:
        """Note an error at a field. The first one of a field stays."""
        self.errors.setdefault(name, message)

    def reject(self, error: LinkledgerError) -> None:
        """Note the error of an operation: at its field if it names one, else above the form."""
        field = error.field if isinstance(error, Invalid) else None
        self.fail(field or "", str(error))
        self.status = error.status if error.status in (REJECTED, CONFLICT) else REJECTED

    def rename(self, **names: str) -> None:
        """Move errors from the operation's name of a field to the page's: `rename(email="address")`."""
        for theirs, ours in names.items():
            if theirs in self.errors:
                self.fail(ours, self.errors.pop(theirs))

    def page(self, template: str, **context: Any) -> Response:
        """The template with this form as `form`. With errors, the title begins with "Error:"."""
        html = render_template(template, form=self, **context)
        return make_response(html, self.status if self.errors else 200)
