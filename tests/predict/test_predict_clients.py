"""The clients in Python that docs/serving.md shows."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from served import Servable, grpc_server, rest, rest_server

CLIENTS = [part.partition("```")[0] for part in (
    Path(__file__).parents[2] / "docs/serving.md").read_text(encoding="utf-8").split("```python\n")[1:]]


@pytest.mark.parametrize(("client", "address"), list(zip(CLIENTS, ("http://localhost:8501", "localhost:8500"), strict=True)))
def test_the_clients_of_the_page_run(client: str, address: str, servable: Servable, photos: Path, tmp_path: Path,
                                     monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copy(photos / "a.jpg", tmp_path / "photo.jpg")
    monkeypatch.chdir(tmp_path)
    assert client.count(address) == 1
    serving = rest_server(rest(servable, "flowers")) if address.startswith("http") else grpc_server(servable, "flowers")
    with serving as server:
        exec(client.replace(address, server.removeprefix("grpc://")), {})
    found = servable([(photos / "a.jpg").read_bytes()])
    label, score = capsys.readouterr().out.split()
    assert label == found["labels"][0][0]
    assert float(score) == pytest.approx(float(found["scores"][0][0]), abs=1e-5)
