"""`codeact serve` as a process of its own: TLS, the end at a signal, and handing over to vLLM."""

from __future__ import annotations

import datetime
import ipaddress
import json
import os
import re
import signal
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
import yaml

from codeact.cli.failures import UsageError
from codeact.serving.running import ServeOptions
from codeact.serving.vllm import arguments

COMMAND = [sys.executable, "-m", "codeact.cli", "serve"]


@contextmanager
def served(folder: Path, *options: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The process, and the address that it says."""
    command = [*COMMAND, str(folder), "--name", "tiny", "--port", "0", "--device", "cpu", *options]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    try:
        said = ""
        while (found := re.search(r" at (https?://\S+)/v1", said)) is None:
            line = process.stderr.readline()
            assert line, f"it ended: {said}"
            said += line
        threading.Thread(target=process.stderr.read, daemon=True).start()
        yield process, found[1]
    finally:
        process.kill()
        process.wait()


def a_certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1 that signs itself, and its key, as PEM files."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(address, critical=False)
        .sign(key, hashes.SHA256())
    )
    files = folder / "certificate.pem", folder / "key.pem"
    files[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    files[1].write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return files


def test_it_speaks_tls(tiny_folder: Path, tmp_path: Path) -> None:
    certificate, key = a_certificate(tmp_path)
    with served(tiny_folder, "--tls-certificate", str(certificate), "--tls-key", str(key)) as (_, origin):
        assert origin.startswith("https://")
        trusting = ssl.create_default_context(cafile=str(certificate))
        assert httpx.get(f"{origin}/health", verify=trusting, trust_env=False, timeout=60).status_code == 200
        with pytest.raises(httpx.ConnectError, match="certificate"):
            httpx.get(f"{origin}/health", trust_env=False, timeout=60)


def test_at_a_signal_what_runs_is_finished(tiny_folder: Path) -> None:
    body = {
        "model": "tiny",
        "messages": [{"role": "user", "content": "Pick up the red cube."}],
        "max_tokens": 150,
        "temperature": 0,
        "stream": True,
    }
    with served(tiny_folder) as (process, origin):
        told: list[str] = []
        with httpx.stream("POST", f"{origin}/v1/chat/completions", json=body, trust_env=False, timeout=120) as reply:
            for line in reply.iter_lines():
                if line and not told:
                    process.send_signal(signal.SIGTERM)
                told += [line] if line else []
        assert told[-1] == "data: [DONE]"
        last = json.loads(told[-2].removeprefix("data: "))
        assert last["choices"][0]["finish_reason"] in ("stop", "length")
        assert process.wait(60) == 0
        with pytest.raises(httpx.ConnectError):
            httpx.get(f"{origin}/health", trust_env=False, timeout=60)


@pytest.fixture
def stand_in_for_vllm(tmp_path: Path) -> Mapping[str, str]:
    """An environment with a program called vllm that says how it was called: the real one needs a GPU."""
    program = tmp_path / "vllm"
    program.write_text(f'#!{sys.executable}\nimport os, sys\nprint(sys.argv[1:], os.environ.get("VLLM_API_KEY"))\n')
    program.chmod(0o755)
    return {**os.environ, "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}", "CODEACT_SERVE_TOKEN": "a-secret"}


def test_it_becomes_vllm(stand_in_for_vllm: Mapping[str, str]) -> None:
    command = [*COMMAND, "hf:Some/Model", "--engine", "vllm", "--tensor-parallel", "2", "--data-parallel", "4"]
    command += ["--rows", "64", "--lora", "robot=adapters/robot"]
    done = subprocess.run(command, env=stand_in_for_vllm, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert done.stdout == (
        "['serve', 'Some/Model', '--host', '127.0.0.1', '--port', '8000', '--served-model-name', 'Some/Model', "
        "'--tensor-parallel-size', '2', '--data-parallel-size', '4', '--max-num-seqs', '64', '--enable-lora', "
        "'--max-loras', '1', '--lora-modules', 'robot=adapters/robot'] a-secret\n"
    )
    assert "a-secret" not in done.stderr


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (ServeOptions("embedded"), "the embedded model is for this machine's own engines"),
        (ServeOptions("Some/Model", threads=2), "--device and --threads are not for vLLM"),
        (ServeOptions("Some/Model", most_tokens=100), "limits of this server, not vLLM's"),
        (ServeOptions("Some/Model", quantization="8bit"), "--quantization is not for vLLM"),
    ],
)
def test_what_vllm_has_no_word_for_is_refused(options: ServeOptions, said: str) -> None:
    with pytest.raises(UsageError, match=re.escape(said)):
        arguments(options)


def test_the_manifest_for_a_cluster_says_what_the_command_would() -> None:
    file = Path(__file__).parents[2] / "examples/serve_on_kubernetes.yaml"
    deployment, service = yaml.safe_load_all(file.read_text())
    pod = deployment["spec"]["template"]
    (container,) = pod["spec"]["containers"]
    model, gpus = container["args"][1], container["resources"]["limits"]["nvidia.com/gpu"]
    assert container["args"] == arguments(ServeOptions(model, host="0.0.0.0", tensor_parallel=gpus))
    assert container["env"][0]["name"] == "VLLM_API_KEY"
    assert pod["metadata"]["labels"] == deployment["spec"]["selector"]["matchLabels"] == service["spec"]["selector"]
    assert container["ports"][0]["containerPort"] == service["spec"]["ports"][0]["port"]
