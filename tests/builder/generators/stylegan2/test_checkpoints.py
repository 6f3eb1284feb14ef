"""Checkpoints in the three formats, written here the way their own code writes them, and hostile ones."""

import argparse
import builtins
import dataclasses
import hashlib
import io
import os
import pickle
import re
import subprocess
import sys
import types
import zipfile
from collections import OrderedDict

import numpy as np
import pytest
import torch

from builder.errors import AssetError, StudyError
from builder.generators import stylegan2
from builder.generators.stylegan2.checkpoints import read_weights, to_safetensors
from builder.generators.stylegan2.network import FILTER, Config
from builder.generators.stylegan2.nvidia_pickle import read_pickle
from builder.runtime import start_runtime
from tests.builder.generators.stylegan2 import reference
from tests.builder.generators.stylegan2.test_network import CONFIGS, random_state
from tests.conftest import run_builder

CONFIG = CONFIGS["32 px"]


@pytest.fixture
def nvidia(monkeypatch):
    return nvidia_modules(monkeypatch)


def nvidia_modules(monkeypatch):
    """Modules under the names of NVIDIA's, as the pickles name them; loading through them would leave a trace."""

    def reconstruct(meta):
        raise AssertionError("NVIDIA's loader was called")

    class EasyDict(dict):
        pass

    for name, content in {
        "torch_utils": {},
        "torch_utils.persistence": {"_reconstruct_persistent_obj": reconstruct},
        "dnnlib": {},
        "dnnlib.util": {"EasyDict": EasyDict},
    }.items():
        module = types.ModuleType(name)
        module.__dict__.update(content)
        monkeypatch.setitem(sys.modules, name, module)
    reconstruct.__module__, reconstruct.__qualname__ = "torch_utils.persistence", "_reconstruct_persistent_obj"
    reconstruct.__name__ = reconstruct.__qualname__
    EasyDict.__module__, EasyDict.__qualname__ = "dnnlib.util", "EasyDict"

    class Stored:
        """Pickles as an object of NVIDIA's does: a call with its class, its state and its module's source."""

        def __init__(self, class_name, state):
            self.class_name, self.state_dict = class_name, state

        def __reduce__(self):
            source = "raise SystemExit('the source in the pickle was executed')"
            meta = {"type": "class", "version": 6, "module_src": source, "class_name": self.class_name}
            return reconstruct, (meta | {"state": self.state_dict},)

    return types.SimpleNamespace(stored=Stored, easy_dict=EasyDict)


def module_tree(nvidia, state, class_name="Generator", *, clamp=None, halved=(), **attributes):
    """Nested modules from dotted names, with what torch's modules keep besides.

    clamp: what layers hold as their conv_clamp. halved: the names of the blocks that hold that they use float16.
    """
    own, parts = OrderedDict(), {}
    for name, tensor in state.items():
        head, _, rest = name.partition(".")
        if rest:
            parts.setdefault(head, {})[rest] = tensor
        else:
            own[head] = tensor
    buffers = {"w_avg", "noise_const", "resample_filter"}

    def part(name, content):
        if name in ("conv0", "conv1", "torgb"):
            return module_tree(nvidia, content, "ToRGBLayer" if name == "torgb" else "SynthesisLayer", conv_clamp=clamp)
        kind = "SynthesisBlock" if re.fullmatch(r"b\d+", name) else "FullyConnectedLayer"
        kind = {"mapping": "MappingNetwork", "synthesis": "SynthesisNetwork"}.get(name, kind)
        held = {"use_fp16": name in halved} if kind == "SynthesisBlock" else {}
        return module_tree(nvidia, content, kind, clamp=clamp, halved=halved, **held)

    return nvidia.stored(
        class_name,
        {
            "training": False,
            "_parameters": OrderedDict((k, torch.nn.Parameter(v)) for k, v in own.items() if k not in buffers),
            "_buffers": OrderedDict((k, v) for k, v in own.items() if k in buffers),
            "_non_persistent_buffers_set": set(),
            "_backward_hooks": OrderedDict(),
            "_modules": OrderedDict((k, part(k, v)) for k, v in parts.items()),
            "weight_gain": 0.01 / np.sqrt(512),  # a NumPy scalar, as theirs is
            "dtype": torch.float32,
            **attributes,
        },
    )


def with_filters(state):
    taps = torch.tensor(FILTER)
    filters = {
        name.replace("noise_const", "resample_filter"): torch.outer(taps, taps) / 64
        for name in state
        if name.endswith("noise_const")
    }
    return state | filters


def halved(config):
    """The blocks of the highest resolutions, as many as use float16."""
    return [f"b{side}" for side in config.resolutions[1:]][-config.num_fp16_res :] if config.num_fp16_res else []


def nvidia_networks(nvidia, config, state, **changes):
    arguments = {
        "z_dim": config.z_dim,
        "c_dim": config.c_dim,
        "w_dim": config.w_dim,
        "img_resolution": config.img_resolution,
        "img_channels": 3,
        "mapping_kwargs": nvidia.easy_dict(num_layers=config.mapping_layers),
        "synthesis_kwargs": nvidia.easy_dict(
            channel_base=config.channel_base,
            channel_max=config.channel_max,
            num_fp16_res=config.num_fp16_res,
            conv_clamp=config.conv_clamp,
            architecture=config.architecture,
        ),
    } | changes
    generator = module_tree(
        nvidia,
        with_filters(state),
        clamp=config.conv_clamp,
        halved=halved(config),
        _init_args=(),
        _init_kwargs=nvidia.easy_dict(arguments),
        num_ws=config.num_ws,
    )
    return {"G": None, "D": nvidia.stored("Discriminator", {}), "G_ema": generator, "training_set_kwargs": {}}


@pytest.fixture
def network_pickle(nvidia, tmp_path):
    def write(config=CONFIG, **changes):
        path = tmp_path / "network.pkl"
        path.write_bytes(pickle.dumps(nvidia_networks(nvidia, config, random_state(config), **changes)))
        return path

    return write


@pytest.mark.parametrize("name", CONFIGS)
def test_nvidias_pickle_is_read_as_data(network_pickle, name):
    config, state = read_weights(network_pickle(CONFIGS[name]))
    assert config == CONFIGS[name]
    wanted = random_state(CONFIGS[name])
    assert sorted(state) == sorted(wanted)
    for parameter in wanted:
        torch.testing.assert_close(state[parameter], wanted[parameter], rtol=0, atol=0)


@pytest.mark.parametrize("protocol", [3, 4, 5])
def test_every_protocol_that_their_versions_wrote_is_read(nvidia, tmp_path, protocol):
    path = tmp_path / "network.pkl"
    path.write_bytes(pickle.dumps(nvidia_networks(nvidia, CONFIG, random_state(CONFIG)), protocol=protocol))
    assert read_weights(path)[0] == CONFIG


def test_what_the_stylegan3_repository_leaves_to_its_defaults_is_read_from_the_modules(nvidia, tmp_path, runtime):
    """Its constructor takes the synthesis network's arguments beside its own; its defaults are a clamp of 256 and
    float16 at four resolutions, those of stylegan2-ada-pytorch none. Noise drives the activations past the clamp.
    """
    config = dataclasses.replace(CONFIG, conv_clamp=256.0, num_fp16_res=3)
    state = random_state(config)
    state |= {name: tensor * 3000 for name, tensor in state.items() if name.endswith("noise_strength")}
    arguments = {"z_dim": 64, "c_dim": 0, "w_dim": 64, "img_resolution": 32, "img_channels": 3}
    arguments |= {"mapping_kwargs": {}, "channel_base": 1024, "channel_max": 64, "fused_modconv_default": True}
    tree = module_tree(
        nvidia, with_filters(state), clamp=256, halved=["b8", "b16", "b32"], _init_kwargs=nvidia.easy_dict(arguments)
    )
    path = tmp_path / "network.pkl"
    path.write_bytes(pickle.dumps({"G_ema": tree}))
    assert read_weights(path)[0] == config
    generator = stylegan2.StyleGAN2(*read_weights(path), stylegan2.Settings(), runtime)
    with torch.inference_mode():
        images = generator.synthesize(torch.from_numpy(generator.sample([3])))
    z = torch.from_numpy(np.random.RandomState(3).randn(1, 64))
    wanted = reference.images(state, config, z)
    free = reference.images(state, CONFIG, z)
    assert (wanted - free).abs().max() > 100
    assert (images - wanted).abs().max() < 1e-2


def test_explicit_values_that_are_the_defaults_are_taken(network_pickle):
    mapping = {
        "activation": "lrelu",
        "embed_features": 64,
        "layer_features": 64,
        "num_layers": 8,
        "lr_multiplier": 0.01,
    }
    synthesis = {"channel_base": 1024, "channel_max": 64, "kernel_size": 3, "use_noise": True, "activation": "lrelu"}
    synthesis |= {"resample_filter": [1, 3, 3, 1], "architecture": "skip", "fp16_channels_last": False}
    assert read_weights(network_pickle(mapping_kwargs=mapping, synthesis_kwargs=synthesis))[0] == CONFIG


def test_layers_that_differ_or_say_nothing_are_refused(nvidia, network_pickle, tmp_path):
    networks = nvidia_networks(nvidia, CONFIG, random_state(CONFIG))
    block = networks["G_ema"].state_dict["_modules"]["synthesis"].state_dict["_modules"]["b8"].state_dict
    path = tmp_path / "network.pkl"
    block["_modules"]["conv1"].state_dict["conv_clamp"] = 256
    path.write_bytes(pickle.dumps(networks))
    with pytest.raises(AssetError, match="layers differ in conv_clamp"):
        read_weights(path)
    del block["_modules"]["conv1"].state_dict["conv_clamp"]
    path.write_bytes(pickle.dumps(networks))
    with pytest.raises(AssetError, match="do not hold their conv_clamp"):
        read_weights(path)
    block["_modules"]["conv1"].state_dict["conv_clamp"] = None
    block["use_fp16"] = True
    path.write_bytes(pickle.dumps(networks))
    with pytest.raises(AssetError, match="float16 at other than the highest resolutions"):
        read_weights(path)


def test_a_stylegan3_pickle_is_called_one(nvidia, tmp_path):
    parts = OrderedDict(
        input=module_tree(nvidia, {"freqs": torch.ones(2)}, "SynthesisInput"),
        L0_36_32=module_tree(nvidia, {"weight": torch.ones(1)}, "SynthesisLayer"),
    )
    generator = nvidia.stored(
        "Generator",
        {
            "_init_kwargs": nvidia.easy_dict(z_dim=32, c_dim=0, w_dim=32, img_resolution=64, img_channels=3),
            "_modules": {"synthesis": nvidia.stored("SynthesisNetwork", {"_modules": parts})},
        },
    )
    path = tmp_path / "network.pkl"
    path.write_bytes(pickle.dumps({"G_ema": generator}))
    with pytest.raises(AssetError, match="a StyleGAN3 generator; this project has StyleGAN2's architecture alone"):
        read_weights(path)


def test_a_pickle_of_tensorflow_is_called_one_and_how_it_is_converted_is_said(tmp_path):
    path = tmp_path / "network.pkl"
    # As TensorFlow's are: a tuple of three networks, each built by dnnlib and given its state.
    network = b"cdnnlib.tflib.network\nNetwork\n)\x81}X\x07\x00\x00\x00versionK\x04sb"
    path.write_bytes(b"\x80\x02" + 3 * network + b"\x87.")
    with pytest.raises(AssetError, match=r"networks of TensorFlow.*python legacy\.py --source=network\.pkl --dest="):
        read_weights(path)


def test_converted_once_the_pickle_is_not_needed(network_pickle, tmp_path, runtime):
    source, target = network_pickle(CONFIGS["64 px, clamped"]), tmp_path / "network.safetensors"
    before = stylegan2.StyleGAN2(*read_weights(source), stylegan2.Settings(label=1), runtime)
    result = run_builder("convert", source, target)
    assert result.returncode == 0, result.stderr
    source.unlink()
    after = stylegan2.StyleGAN2(*read_weights(target), stylegan2.Settings(label=1), runtime)
    np.testing.assert_array_equal(before.render(before.sample([1, 2])), after.render(after.sample([1, 2])))


def rosinality(config, state):
    """The names and shapes of stylegan2-pytorch's `g_ema`, from its `model.py`."""
    theirs = {"input.input": state["synthesis.b4.const"][None]}
    for index in range(config.mapping_layers):
        for kind in ("weight", "bias"):
            theirs[f"style.{index + 1}.{kind}"] = state[f"mapping.fc{index}.{kind}"]

    def convolution(ours, name, noise):
        theirs[f"{name}.conv.weight"] = state[f"{ours}.weight"][None]
        theirs[f"{name}.conv.modulation.weight"] = state[f"{ours}.affine.weight"]
        theirs[f"{name}.conv.modulation.bias"] = state[f"{ours}.affine.bias"]
        theirs[f"{name}.noise.weight"] = state[f"{ours}.noise_strength"].reshape(1)
        theirs[f"{name}.activate.bias"] = state[f"{ours}.bias"]
        theirs[f"noises.noise_{noise}"] = state[f"{ours}.noise_const"][None, None]
        theirs[f"{name}.conv.blur.kernel"] = torch.zeros(4, 4)

    def to_rgb(ours, name):
        theirs[f"{name}.conv.weight"] = state[f"{ours}.weight"][None]
        theirs[f"{name}.conv.modulation.weight"] = state[f"{ours}.affine.weight"]
        theirs[f"{name}.conv.modulation.bias"] = state[f"{ours}.affine.bias"]
        theirs[f"{name}.bias"] = state[f"{ours}.bias"].reshape(1, 3, 1, 1)
        theirs[f"{name}.upsample.kernel"] = torch.zeros(4, 4)

    convolution("synthesis.b4.conv1", "conv1", 0)
    to_rgb("synthesis.b4.torgb", "to_rgb1")
    for index, side in enumerate(config.resolutions[1:]):
        convolution(f"synthesis.b{side}.conv0", f"convs.{2 * index}", 2 * index + 1)
        convolution(f"synthesis.b{side}.conv1", f"convs.{2 * index + 1}", 2 * index + 2)
        to_rgb(f"synthesis.b{side}.torgb", f"to_rgbs.{index}")
    return {"g_ema": theirs, "latent_avg": state["mapping.w_avg"]}


def test_rosinalitys_checkpoint_is_read(tmp_path):
    path, state = tmp_path / "network.pt", random_state(CONFIG)
    torch.save(rosinality(CONFIG, state), path)
    config, read = read_weights(path)
    assert config == CONFIG
    assert sorted(read) == sorted(state)
    for name in state:
        torch.testing.assert_close(read[name], state[name], rtol=0, atol=0)


def training_checkpoint(config, state):
    """What rosinality's `train.py` saves: no mean w, states of optimizers, and its options in a namespace."""
    networks = rosinality(config, state)["g_ema"]
    moments = {"step": torch.tensor(1.0), "exp_avg": torch.zeros(2), "exp_avg_sq": torch.zeros(2)}
    groups = [{"lr": 0.002, "betas": (0.0, 0.99), "params": [0]}]
    optimizer = {"state": {0: moments}, "param_groups": groups}
    options = argparse.Namespace(path="data", size=config.img_resolution, distributed=False, augment=True)
    shared = {"g": networks, "d": {}, "g_ema": networks, "g_optim": optimizer, "d_optim": optimizer}
    return shared | {"args": options, "ada_aug_p": 0.0}


def test_a_checkpoint_of_rosinalitys_training_is_read_and_its_mean_w_sampled(tmp_path, caplog):
    """As rosinality's `mean_latent` draws it; against the formulas, by 100,000 other draws in float64."""
    path, state = tmp_path / "network.pt", random_state(CONFIG)
    torch.save(training_checkpoint(CONFIG, state), path)
    config, read = read_weights(path)
    assert config == CONFIG
    mean = read.pop("mapping.w_avg")
    assert {name: tensor.tolist() for name, tensor in read.items()} == {
        name: tensor.tolist() for name, tensor in state.items() if name != "mapping.w_avg"
    }
    z = torch.from_numpy(np.random.RandomState(1).randn(100_000, CONFIG.z_dim))
    w = reference.mapped(state | {"mapping.w_avg": torch.zeros(64)}, CONFIG, z)
    error = w.std(dim=0) / np.sqrt(4096)
    assert (w.mean(dim=0).abs() > 5 * error).any()  # a mean of zero would not pass
    assert ((mean - w.mean(dim=0)).abs() < 5 * error).all()
    assert torch.equal(mean, read_weights(path)[1]["mapping.w_avg"])
    assert "has no mean w (latent_avg); for truncation it is computed from 4096 draws with seed 0" in caplog.text


def test_the_manifest_says_how_a_mean_w_was_sampled(tmp_path):
    own = start_runtime("cpu", 1)
    for name, content in (("with", rosinality), ("without", training_checkpoint)):
        path = tmp_path / f"{name}.pt"
        torch.save(content(CONFIG, random_state(CONFIG)), path)
        sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
        stylegan2.load(str(path), stylegan2.Settings(sha256=sha256), own)
        assert ("mean_w" in own.environment()) == (name == "without")
    assert own.environment()["mean_w"] == "4096 draws with seed 0"


@pytest.mark.parametrize("older", [False, True])
def test_what_a_checkpoint_may_not_hold_is_named_without_torchs_hint_to_allow_it(tmp_path, older):
    path = tmp_path / "network.pt"
    content = rosinality(CONFIG, random_state(CONFIG)) | {"more": Calls(os.system, f"touch {tmp_path / 'trace'}")}
    torch.save(content, path, _use_new_zipfile_serialization=not older)
    with pytest.raises(AssetError) as refused:
        read_weights(path)
    assert str(refused.value).endswith("no checkpoint with g_ema in rosinality's format: it asks for posix.system")
    assert not (tmp_path / "trace").exists()


class Calls:
    """Pickles as a call of any function."""

    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


def hostile(trace):
    inner = io.BytesIO()
    torch.save({"x": Calls(os.system, f"touch {trace}")}, inner, _use_new_zipfile_serialization=False)
    return {
        "os.system": (Calls(os.system, f"touch {trace}"), "system"),
        "eval": (Calls(builtins.eval, f"open({str(trace)!r}, 'w')"), "builtins.eval"),
        "nested": ({"G_ema": [Calls(getattr, Calls(os.system, f"touch {trace}"), "x")]}, "asks for"),
        "in a storage": (Calls(torch.storage._load_from_bytes, inner.getvalue()), "no network pickle"),
        "subprocess": (Calls(subprocess.Popen, ["touch", str(trace)]), "subprocess.Popen"),
        "getattr": (Calls(getattr, "x", "upper"), "builtins.getattr"),
        "an array of objects": (np.array([Calls(os.system, f"touch {trace}")], dtype=object), "no network pickle"),
    }


@pytest.mark.parametrize("name", list(hostile("x")))
def test_a_pickle_that_tries_to_run_something_runs_nothing(tmp_path, name):
    trace, path = tmp_path / "trace", tmp_path / "network.pkl"
    content, said = hostile(trace)[name]
    path.write_bytes(pickle.dumps(content))
    with pytest.raises(AssetError, match=said):
        read_weights(path)
    assert not trace.exists()


def test_a_pickle_can_change_nothing(tmp_path):
    """The opcode that sets state, on each name that is admitted: with attributes, and with slots."""
    names = {
        "collections": "OrderedDict",
        "builtins": "set",
        "numpy": "ndarray",
        "torch._utils": "_rebuild_tensor_v2",
        "torch.storage": "_load_from_bytes",
        "torch_utils.persistence": "_reconstruct_persistent_obj",
        "torch": "float32",
    }
    path = tmp_path / "network.pkl"
    for module, name in names.items():
        for state in (b"}X\x01\x00\x00\x00aK\x01s", b"N}X\x01\x00\x00\x00aK\x01s\x86"):
            path.write_bytes(b"\x80\x02c" + f"{module}\n{name}\n".encode() + state + b"b.")
            with pytest.raises(AssetError):
                read_pickle(path)
    assert not hasattr(OrderedDict, "a")
    assert not hasattr(torch._utils._rebuild_tensor_v2, "a")


def test_an_archive_with_names_that_climb_out_writes_nothing(tmp_path):
    path = tmp_path / "inner" / "network.pkl"
    path.parent.mkdir()
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("../evil", b"x")
        archive.writestr("archive/data.pkl", pickle.dumps({"g_ema": {}}))
    with pytest.raises(AssetError, match=r"network\.pkl"):
        read_weights(path)
    assert sorted(file.name for file in tmp_path.rglob("*")) == ["inner", "network.pkl"]


@pytest.mark.parametrize("content", [b"", b"\x80\x04", b"nonsense", pickle.dumps([1]), pickle.dumps({"G_ema": 1})])
def test_what_is_no_network_is_refused(tmp_path, content):
    path = tmp_path / "network.pkl"
    path.write_bytes(content)
    with pytest.raises(AssetError, match=r"network\.pkl"):
        read_weights(path)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"img_channels": 1}, "img_channels is not 3"),
        ({"img_resolution": 2048}, "2048 pixels"),
        ({"w_dim": 7}, "expected"),
        ({"unheard_of": 3}, "argument unheard_of = 3 is not known"),
        ({"z_dim": 10**9}, "dimensions that no generator has"),
        ({"z_dim": "many"}, "not all numbers"),
        ({"mapping_kwargs": {"activation": "relu"}}, "activation is not lrelu"),
        ({"mapping_kwargs": {"layer_features": 32}}, "layer_features is not 64"),
        ({"mapping_kwargs": {"layer_features": np.zeros(3)}}, "layer_features is not 64"),
        ({"synthesis_kwargs": {"use_noise": False}}, "use_noise is not True"),
        ({"synthesis_kwargs": {"resample_filter": [1, 2, 1]}}, "resample_filter is not"),
    ],
)
def test_a_generator_of_another_kind_is_refused_saying_why(network_pickle, changes, said):
    with pytest.raises(AssetError, match=said):
        read_weights(network_pickle(**changes))


def test_parameters_that_are_missing_or_too_many_are_named(tmp_path):
    state = random_state(CONFIG)
    (tmp_path / "a.safetensors").write_bytes(
        to_safetensors(CONFIG, {k: v for k, v in state.items() if k != "mapping.fc3.bias"})
    )
    with pytest.raises(AssetError, match=r"mapping\.fc3\.bias is missing"):
        read_weights(tmp_path / "a.safetensors")
    (tmp_path / "b.safetensors").write_bytes(to_safetensors(CONFIG, state | {"extra": torch.zeros(1)}))
    with pytest.raises(AssetError, match="extra is not one of StyleGAN2"):
        read_weights(tmp_path / "b.safetensors")
    (tmp_path / "c.safetensors").write_bytes(b"\xff" * 100)
    with pytest.raises(AssetError, match="no safetensors file"):
        read_weights(tmp_path / "c.safetensors")


def study(folder, weights, **keys):
    lines = "\n".join(f"{key} = {value}" for key, value in keys.items())
    path = folder / "study.toml"
    path.write_text(
        f"""name = "mine"
bases_per_batch = 2
distances = ["latent_l2"]
[generator]
model = "stylegan2:{weights}"
{lines}
[[recognizers]]
name = "dlib"
model = "dlib"
alignment = "center"
[samples.optimized]
max_iterations = 2
"""
    )
    return path


@pytest.mark.slow
def test_a_study_is_built_with_pinned_weights_and_unpinned_ones_are_refused_with_their_hash(tmp_path):
    weights = tmp_path / "network.safetensors"
    weights.write_bytes(to_safetensors(CONFIG, random_state(CONFIG)))
    refused = run_builder("build", study(tmp_path, weights), "--out", tmp_path / "out")
    assert refused.returncode == 2
    assert "generator.sha256 is missing" in refused.stderr
    sha256 = refused.stderr.rpartition('sha256 = "')[2][:64]
    built = run_builder("build", study(tmp_path, weights, sha256=f'"{sha256}"'), "--out", tmp_path / "out")
    assert built.returncode == 0, built.stderr
    other = run_builder("build", study(tmp_path, weights, sha256=f'"{"0" * 64}"'), "--out", tmp_path / "other")
    assert other.returncode == 2
    assert f"have SHA-256 {sha256}" in other.stderr


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"truncation": 1.5}, "generator.truncation = 1.5: must be less than or equal to 1"),
        ({"space": '"x"'}, "generator.space = \"x\": must be 'w' or 'z'"),
        ({"trunctation": 1}, "generator.trunctation: unknown key; did you mean truncation?"),
        ({"sha256": '"abc"'}, "generator.sha256"),
    ],
)
def test_keys_of_the_generator_are_checked_like_all_others(tmp_path, keys, said):
    result = run_builder("build", study(tmp_path, "none.pkl", **keys), "--out", tmp_path / "out")
    assert result.returncode == 2
    assert said in result.stderr


@pytest.mark.parametrize(
    ("address", "error", "said"),
    [
        (None, StudyError, "write stylegan2:PATH"),
        ("absent.pkl", AssetError, "no weights at absent.pkl: there is no such file in .*ffhq.pkl.* https://"),
        ("hf://user/repo/file.pkl", StudyError, "no address on the Hub"),
        ("hf://user/repo/../../x@main", StudyError, "no address on the Hub"),
    ],
)
def test_an_address_that_leads_nowhere_is_said(runtime, address, error, said):
    with pytest.raises(error, match=said):
        stylegan2.load(address, stylegan2.Settings(), runtime)


def test_the_config_counts_what_the_paper_has():
    assert Config(512, 0, 512, 1024).num_ws == 18
    assert Config(512, 0, 512, 256).num_ws == 14
    assert [Config(512, 0, 512, 1024).channels(side) for side in (4, 64, 128, 1024)] == [512, 512, 256, 32]
