"""The HTTP API of the Hub, as far as `huggingface_hub` and `datasets` use it for dataset repositories."""

import base64
import hashlib
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import wraps
from typing import Any
from urllib.parse import parse_qs

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from tests.hub_server.store import Commit, Entry, Repo, Tree, is_lfs, lfs_entry, listing

Handler = Callable[[Request], Awaitable[Response]]
RepoHandler = Callable[[Request, Repo], Awaitable[Response]]

USER = "user"
TOKEN = "hf_writes"  # noqa: S105
READ_TOKEN = "hf_reads"  # noqa: S105


@dataclass
class State:
    """All that the server keeps."""

    url: str = ""
    storage_url: str = ""
    page: int = 1000
    """Entries of a tree in one answer."""
    part: int = 2**30
    """Bytes of an LFS object in one request."""
    quota: int = 2**40
    """Bytes of LFS objects that a repository may have."""
    ignored: set[str] = field(default_factory=set)
    """Paths that a .gitignore would keep out."""
    repos: dict[str, Repo] = field(default_factory=dict)
    parts: dict[str, dict[int, bytes]] = field(default_factory=dict)

    def clear(self) -> None:
        self.__dict__.update(State(self.url, self.storage_url).__dict__)


def refuse(status: int, message: str, code: str = "", **headers: str) -> HTTPException:
    names = {"X-Error-Message": message, **({"X-Error-Code": code} if code else {}), **headers}
    return HTTPException(status, message, headers=names)


def _allowed(request: Request, *, write: bool) -> str | None:
    given = request.headers.get("authorization")
    if given is None and not write:
        return None
    if given is None:
        raise refuse(401, "Invalid username or password.")
    token = given.removeprefix("Bearer ")
    if token not in (TOKEN, READ_TOKEN):
        raise refuse(401, "Invalid credentials in Authorization header")
    if write and token == READ_TOKEN:
        raise refuse(403, "You don't have the required permissions to perform this action.")
    return token


def on_repo(*, write: bool) -> Callable[[RepoHandler], Handler]:
    """Hands the repository of the path to a handler, once the token allows it."""

    def decorate(handler: RepoHandler) -> Handler:
        @wraps(handler)
        async def handled(request: Request) -> Response:
            token = _allowed(request, write=False)
            name = "{user}/{name}".format(**request.path_params)
            repo = request.app.state.hub.repos.get(name)
            if repo is None or (repo.private and token is None):
                raise refuse(404 if token else 401, "Repository not found", "RepoNotFound")
            _allowed(request, write=write)
            return await handler(request, repo)

        return handled

    return decorate


def _commit(request: Request, repo: Repo) -> Commit:
    revision = request.path_params.get("revision", "main")
    commit = repo.find(revision)
    if commit is None:
        raise refuse(404, f"Invalid rev id: {revision}", "RevisionNotFound")
    return commit


def _file(path: str, entry: Entry) -> dict[str, Any]:
    lfs = {"oid": entry.sha256, "size": entry.size, "pointerSize": entry.pointer_size}
    return {"type": "file", "oid": entry.blob_id, "size": entry.size, "path": path} | (
        {"lfs": lfs} if entry.sha256 else {}
    )


def _any(path: str, entry: Entry | None) -> dict[str, Any]:
    folder = hashlib.sha1(path.encode(), usedforsecurity=False).hexdigest()
    return _file(path, entry) if entry else {"type": "directory", "oid": folder, "size": 0, "path": path}


async def whoami(request: Request) -> Response:
    token = _allowed(request, write=True) if request.headers.get("authorization") else None
    if token is None:
        raise refuse(401, "Invalid username or password.")
    return JSONResponse(
        {"type": "user", "id": "0", "name": USER, "orgs": [], "auth": {"accessToken": {"role": "write"}}}
    )


async def create_repo(request: Request) -> Response:
    _allowed(request, write=True)
    asked = await request.json()
    hub: State = request.app.state.hub
    name = f"{asked.get('organization') or USER}/{asked['name']}"
    url = f"{hub.url}/datasets/{name}"
    if asked["type"] != "dataset":
        raise refuse(400, "Only datasets here")
    if name in hub.repos:
        return JSONResponse({"error": "You already created this dataset repo", "url": url}, 409)
    hub.repos[name] = Repo(name, asked.get("visibility") == "private" or asked.get("private") is True)
    return JSONResponse({"url": url, "name": name, "id": name})


async def validate_yaml(request: Request) -> Response:
    asked = await request.json()
    fine = asked["content"].startswith("---\n")
    warnings = [] if fine else [{"message": "empty or missing yaml metadata in repo card"}]
    return JSONResponse({"errors": [], "warnings": warnings})


@on_repo(write=False)
async def info(request: Request, repo: Repo) -> Response:
    commit = _commit(request, repo)
    sizes = request.query_params.get("blobs", "").lower() == "true"
    siblings = [_sibling(path, entry, sizes=sizes) for path, entry in sorted(commit.tree.items())]
    date = commit.date.isoformat().replace("+00:00", "Z")
    names = {"_id": repo.name, "id": repo.name, "author": repo.name.split("/")[0], "sha": commit.sha}
    flags = {"private": repo.private, "gated": False, "disabled": False, "downloads": 0, "likes": 0, "tags": []}
    return JSONResponse({**names, **flags, "lastModified": date, "createdAt": date, "siblings": siblings})


def _sibling(path: str, entry: Entry, *, sizes: bool) -> dict[str, Any]:
    lfs = {"sha256": entry.sha256, "size": entry.size, "pointerSize": entry.pointer_size}
    more = {"size": entry.size, "blobId": entry.blob_id, "lfs": lfs if entry.sha256 else None}
    return {"rfilename": path} | (more if sizes else {})


@on_repo(write=False)
async def refs(_: Request, repo: Repo) -> Response:
    def listed(kind: str, names: dict[str, str]) -> list[dict[str, str]]:
        return [{"name": name, "ref": f"refs/{kind}/{name}", "targetCommit": sha} for name, sha in names.items()]

    return JSONResponse({"branches": listed("heads", repo.branches), "converts": [], "tags": listed("tags", repo.tags)})


@on_repo(write=False)
async def tree(request: Request, repo: Repo) -> Response:
    commit = _commit(request, repo)
    folder = request.path_params.get("path", "").strip("/")
    recursive = request.query_params.get("recursive", "").lower() == "true"
    entries = listing(commit.tree, folder, recursive=recursive)
    if folder and not entries:
        raise refuse(404, f"{folder} does not exist on {commit.sha}", "EntryNotFound")
    hub: State = request.app.state.hub
    start = int(request.query_params.get("cursor", 0))
    page = [_any(path, entry) for path, entry in entries[start : start + hub.page]]
    if request.query_params.get("expand", "").lower() == "true":
        last = {"id": commit.sha, "title": commit.title, "date": commit.date.isoformat().replace("+00:00", "Z")}
        page = [entry | {"lastCommit": last} for entry in page]
    following = request.url.include_query_params(cursor=start + hub.page)
    links = {"Link": f'<{following}>; rel="next"'} if start + hub.page < len(entries) else {}
    return JSONResponse(page, headers=links)


@on_repo(write=False)
async def paths_info(request: Request, repo: Repo) -> Response:
    commit = _commit(request, repo)
    paths = parse_qs((await request.body()).decode())["paths"]
    known = dict(listing(commit.tree, "", recursive=True))
    return JSONResponse([_any(path, known[path]) for path in paths if path in known])


@on_repo(write=False)
async def commits(request: Request, repo: Repo) -> Response:
    def described(commit: Commit) -> dict[str, Any]:
        date = commit.date.isoformat().replace("+00:00", "Z")
        return {"id": commit.sha, "title": commit.title, "message": "", "authors": [{"user": USER}], "date": date}

    return JSONResponse([described(commit) for commit in repo.history(_commit(request, repo).sha)])


@on_repo(write=False)
async def resolve(request: Request, repo: Repo) -> Response:
    commit = _commit(request, repo)
    path = request.path_params["path"]
    entry = commit.tree.get(path)
    content = repo.content(entry) if entry else None
    names = {"X-Repo-Commit": commit.sha}
    if entry is None or content is None:
        raise refuse(404, "Entry not found", "EntryNotFound", **names)
    names["ETag"] = f'"{entry.blob_id}"'
    if entry.sha256 is None:
        return _ranged(request, content, names)
    names |= {"X-Linked-Size": str(entry.size), "X-Linked-ETag": f'"{entry.sha256}"'}
    hub: State = request.app.state.hub
    return RedirectResponse(f"{hub.storage_url}/storage/{repo.name}/{entry.sha256}", 302, names)


async def stored(request: Request) -> Response:
    """An LFS object, from another origin than the Hub: clients must not send their token there."""
    if "authorization" in request.headers:
        raise refuse(400, "Only one auth mechanism allowed")
    repo = request.app.state.hub.repos["{user}/{name}".format(**request.path_params)]
    sha256 = request.path_params["sha256"]
    if sha256 not in repo.objects:
        raise refuse(404, "NoSuchKey")
    return _ranged(request, repo.objects[sha256], {"ETag": f'"{sha256}"'})


def _ranged(request: Request, content: bytes, names: dict[str, str]) -> Response:
    asked = request.headers.get("range", "").removeprefix("bytes=")
    first, _, last = asked.partition("-")
    if not asked:
        return Response(content, headers={"Accept-Ranges": "bytes", **names})
    start = int(first) if first else max(len(content) - int(last), 0)
    end = min(int(last) + 1, len(content)) if first and last else len(content)
    if start >= len(content):
        return Response(status_code=416, headers={"Content-Range": f"bytes */{len(content)}", **names})
    names = {"Content-Range": f"bytes {start}-{end - 1}/{len(content)}", "Accept-Ranges": "bytes", **names}
    return Response(content[start:end], 206, names)


@on_repo(write=True)
async def preupload(request: Request, repo: Repo) -> Response:
    commit = _commit(request, repo)
    asked = (await request.json())["files"]
    if len(asked) > 256:
        raise refuse(400, "at most 256 files")

    def mode(file: dict[str, Any]) -> dict[str, Any]:
        known = commit.tree.get(file["path"])
        lfs = is_lfs(file["path"], base64.b64decode(file["sample"]), file["size"])
        return {
            "path": file["path"],
            "uploadMode": "lfs" if lfs else "regular",
            "shouldIgnore": file["path"] in request.app.state.hub.ignored,
            "oid": known.etag if known else None,
        }

    return JSONResponse({"files": [mode(file) for file in asked], "commitOid": commit.sha})


@on_repo(write=True)
async def commit_files(request: Request, repo: Repo) -> Response:
    branch = request.path_params["revision"]
    head = repo.branches.get(branch)
    if head is None:
        raise refuse(404, f"Invalid rev id: {branch}", "RevisionNotFound")
    lines = [json.loads(line) for line in (await request.body()).splitlines()]
    header = lines[0]["value"]
    if header.get("parentCommit") not in (None, head):
        raise refuse(412, "A commit has happened since. Please refresh and try again.")
    changed = dict(repo.commits[head].tree)
    for line in lines[1:]:
        _apply(repo, changed, line["key"], line["value"])
    commit = repo.commit(branch, changed, header["summary"])
    url = f"{request.app.state.hub.url}/datasets/{repo.name}/commit/{commit.sha}"
    return JSONResponse({"success": True, "commitOid": commit.sha, "commitUrl": url, "hookOutput": ""})


def _apply(repo: Repo, tree: Tree, operation: str, value: dict[str, Any]) -> None:
    path = value["path"]
    if operation == "file":
        tree[path] = repo.keep(base64.b64decode(value["content"]))
    elif operation == "lfsFile":
        if value["oid"] not in repo.objects:
            raise refuse(400, f"LFS pointer pointed to a file that does not exist: {path}")
        tree[path] = lfs_entry(value["oid"], len(repo.objects[value["oid"]]))
    else:
        below = {
            p for p in tree if p == path or (operation == "deletedFolder" and p.startswith(path.rstrip("/") + "/"))
        }
        if not below:
            raise refuse(404, "A file with this name doesn't exist", "EntryNotFound")
        for gone in below:
            del tree[gone]


@on_repo(write=True)
async def create_tag(request: Request, repo: Repo) -> Response:
    commit = _commit(request, repo)
    tag = (await request.json())["tag"]
    if tag in repo.tags:
        raise refuse(409, "Tag reference exists already")
    repo.tags[tag] = commit.sha
    return JSONResponse({"success": True})


@on_repo(write=True)
async def delete_tag(request: Request, repo: Repo) -> Response:
    if repo.tags.pop(request.path_params["revision"], None) is None:
        raise refuse(404, "Invalid rev id", "RevisionNotFound")
    return JSONResponse({"success": True})


@on_repo(write=True)
async def super_squash(request: Request, repo: Repo) -> Response:
    branch = request.path_params["revision"]
    if branch not in repo.branches:
        raise refuse(404, f"Invalid rev id: {branch}", "RevisionNotFound")
    head = repo.commits[repo.branches[branch]]
    repo.commit(branch, head.tree, (await request.json())["message"], root=True)
    return JSONResponse({"success": True})


@on_repo(write=True)
async def lfs_files(_: Request, repo: Repo) -> Response:
    named = {e.sha256: path for sha in repo.commits for path, e in repo.commits[sha].tree.items()}
    return JSONResponse(
        [
            {
                "fileOid": f"file-{sha256}",
                "filename": named.get(sha256, ""),
                "oid": sha256,
                "pushedAt": "2026-01-01T00:00:00.000Z",
                "size": len(content),
            }
            for sha256, content in repo.objects.items()
        ]
    )


@on_repo(write=True)
async def delete_lfs_files(request: Request, repo: Repo) -> Response:
    deletions = (await request.json())["deletions"]
    if deletions["rewriteHistory"]:
        raise refuse(501, "The Hub of the tests does not rewrite history")
    for file_oid in deletions["sha"]:
        repo.objects.pop(file_oid.removeprefix("file-"), None)
    return JSONResponse({"success": True})


@on_repo(write=True)
async def lfs_batch(request: Request, repo: Repo) -> Response:
    asked = await request.json()
    hub: State = request.app.state.hub
    base = f"{hub.storage_url}/upload/{repo.name}"

    room = hub.quota - sum(map(len, repo.objects.values()))

    def answer(oid: str, size: int) -> dict[str, Any]:
        if oid in repo.objects:
            return {}
        return (
            {"actions": actions(oid, size)} if size <= room else {"error": {"code": 507, "message": "Out of storage"}}
        )

    def actions(oid: str, size: int) -> dict[str, Any]:
        verify = {"href": f"{hub.url}/verify/{repo.name}", "header": {}}
        if size <= hub.part:
            return {"upload": {"href": f"{base}/{oid}", "header": {}}, "verify": verify}
        parts = {str(n + 1): f"{base}/{oid}/{n + 1}" for n in range(-(-size // hub.part))}
        whole = {"href": f"{hub.url}/complete/{repo.name}", "header": {"chunk_size": str(hub.part), **parts}}
        return {"upload": whole, "verify": verify}

    objects = [{"oid": o["oid"], "size": o["size"]} | answer(o["oid"], o["size"]) for o in asked["objects"]]
    return JSONResponse({"transfer": "basic", "objects": objects})


async def upload(request: Request) -> Response:
    """What LFS sends to the storage, which knows no tokens: a whole object, or a part of one."""
    repo = request.app.state.hub.repos["{user}/{name}".format(**request.path_params)]
    sha256, content = request.path_params["sha256"], await request.body()
    if "part" in request.path_params:
        request.app.state.hub.parts.setdefault(sha256, {})[request.path_params["part"]] = content
    elif hashlib.sha256(content).hexdigest() != sha256:
        raise refuse(400, "The content does not have the announced SHA-256")
    else:
        repo.objects[sha256] = content
    return Response(headers={"ETag": f'"{hashlib.sha256(content).hexdigest()[:32]}"'})


async def complete(request: Request) -> Response:
    """The parts of an object are all there."""
    repo = request.app.state.hub.repos["{user}/{name}".format(**request.path_params)]
    asked = await request.json()
    parts = request.app.state.hub.parts.pop(asked["oid"])
    content = b"".join(parts[part["partNumber"]] for part in asked["parts"])
    if hashlib.sha256(content).hexdigest() != asked["oid"]:
        raise refuse(400, "The parts do not have the announced SHA-256")
    repo.objects[asked["oid"]] = content
    return JSONResponse({"success": True})


@on_repo(write=True)
async def verify(request: Request, repo: Repo) -> Response:
    asked = await request.json()
    if len(repo.objects.get(asked["oid"], b"")) != asked["size"]:
        raise refuse(422, "The object is not there as announced")
    return JSONResponse({"success": True})


def _explained(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return JSONResponse({"error": error.detail}, error.status_code, error.headers)


def application(state: State) -> Starlette:
    """The server's routes; whatever else a client asks for is answered 404, as the Hub does."""
    api, git, repo = "/api/datasets/{user}/{name}", "/datasets/{user}/{name}", "{user}/{name}"
    routes = [
        Route("/api/whoami-v2", whoami),
        Route("/api/repos/create", create_repo, methods=["POST"]),
        Route("/api/validate-yaml", validate_yaml, methods=["POST"]),
        Route(api, info),
        Route(api + "/revision/{revision}", info),
        Route(api + "/refs", refs),
        Route(api + "/tree/{revision}", tree),
        Route(api + "/tree/{revision}/{path:path}", tree),
        Route(api + "/paths-info/{revision}", paths_info, methods=["POST"]),
        Route(api + "/commits/{revision}", commits),
        Route(api + "/preupload/{revision}", preupload, methods=["POST"]),
        Route(api + "/commit/{revision}", commit_files, methods=["POST"]),
        Route(api + "/tag/{revision}", create_tag, methods=["POST"]),
        Route(api + "/tag/{revision}", delete_tag, methods=["DELETE"]),
        Route(api + "/super-squash/{revision}", super_squash, methods=["POST"]),
        Route(api + "/lfs-files", lfs_files),
        Route(api + "/lfs-files/batch", delete_lfs_files, methods=["POST"]),
        Route(git + ".git/info/lfs/objects/batch", lfs_batch, methods=["POST"]),
        Route(git + "/resolve/{revision}/{path:path}", resolve),
        Route(f"/upload/{repo}/{{sha256}}", upload, methods=["PUT"]),
        Route(f"/upload/{repo}/{{sha256}}/{{part:int}}", upload, methods=["PUT"]),
        Route(f"/complete/{repo}", complete, methods=["POST"]),
        Route(f"/verify/{repo}", verify, methods=["POST"]),
        Route(f"/storage/{repo}/{{sha256}}", stored),
    ]
    app = Starlette(routes=routes, exception_handlers={HTTPException: _explained})
    app.state.hub = state
    return app
