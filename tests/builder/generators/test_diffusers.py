"""The generator against diffusers' own pipeline and against the paper's formula, with a small random UNet."""

import hashlib
import importlib.util
import json
import re
import shutil
import subprocess
import sys

import numpy as np
import pytest
import torch
from pydantic import ValidationError
from safetensors.torch import load_file, save_file

from builder.errors import AssetError, BuildError, StudyError
from builder.generators import diffusers as ours
from builder.generators.sphere import SphereSpace
from builder.runtime import start_runtime

# Not importorskip: diffusers must first be imported by the code under test, which hides a broken torchvision from it.
if importlib.util.find_spec("diffusers") is None:
    pytest.skip("the extra diffusers is not installed", allow_module_level=True)
diffusers = ours.import_diffusers()

SIDE, DIM = 8, 3 * 8 * 8
STEPS = 10
UNET = {
    "sample_size": SIDE,
    "block_out_channels": (16, 32),
    "down_block_types": ("DownBlock2D", "AttnDownBlock2D"),
    "up_block_types": ("AttnUpBlock2D", "UpBlock2D"),
    "layers_per_block": 1,
    "norm_num_groups": 8,
}
GENTLE = {"beta_start": 1e-4, "beta_end": 2e-3, "clip_sample": False}
"""A schedule whose x_0 stays about as long as x_T, so that an untrained UNet does not saturate its images."""
WEIGHTS = "unet/diffusion_pytorch_model.safetensors"
CONFIGS = ("unet/config.json", "scheduler/scheduler_config.json")


def save(folder, scheduler=None, **unet):
    """A pipeline as diffusers writes it; the UNet is always the same for the same arguments."""
    torch.manual_seed(1)
    network = diffusers.UNet2DModel(**UNET | unet)
    diffusers.DDIMPipeline(network, scheduler or diffusers.DDIMScheduler(**GENTLE)).save_pretrained(folder)
    return folder


def sha256(folder):
    return hashlib.sha256(b"".join((folder / name).read_bytes() for name in (*CONFIGS, WEIGHTS))).hexdigest()


def load(folder, runtime, steps=STEPS):
    return ours.load(str(folder), ours.Settings(steps=steps, sha256=sha256(folder)), runtime)


def edit(path, **keys):
    path.write_text(json.dumps(json.loads(path.read_text()) | keys))


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """Read only."""
    return save(tmp_path_factory.mktemp("diffusion") / "model")


@pytest.fixture
def folder(saved, tmp_path):
    """A copy to damage."""
    return shutil.copytree(saved, tmp_path / "model")


@pytest.fixture(scope="module")
def generator(saved, runtime):
    return load(saved, runtime)


def assert_images(rendered, wanted):
    """Equal but for half a step of rounding to 8 bits and the noise of float32.

    wanted: (n, 3, side, side); what lies outside -1..1 is cut off.
    """
    wanted = np.asarray(wanted, np.float64).transpose(0, 2, 3, 1)
    assert (np.abs(wanted) < 1).mean() > 0.3  # else there would be little to compare
    assert rendered.dtype == np.uint8
    assert np.abs(rendered / 127.5 - 1 - wanted.clip(-1, 1)).max() <= 0.5 / 127.5 + 1e-4


def test_an_image_is_the_papers_formula(saved, generator):
    """Equation 12 with sigma = 0, x_0 predicted as in equation 9, in float64; the UNet says what the noise is."""
    network = diffusers.UNet2DModel.from_pretrained(saved, subfolder="unet", low_cpu_mem_usage=False).eval()
    alphas = np.cumprod(1 - np.linspace(GENTLE["beta_start"], GENTLE["beta_end"], 1000))
    noise = generator.sample(range(5))
    x = noise.reshape(5, 3, SIDE, SIDE).astype(np.float64)
    for t in range(1000 - 1000 // STEPS, -1, -1000 // STEPS):
        with torch.no_grad():
            epsilon = network(torch.from_numpy(x).float(), t).sample.double().numpy()
        before = alphas[t - 1000 // STEPS] if t else 1.0
        predicted = (x - np.sqrt(1 - alphas[t]) * epsilon) / np.sqrt(alphas[t])
        x = np.sqrt(before) * predicted + np.sqrt(1 - before) * epsilon
    assert_images(generator.render(noise), x)


@pytest.mark.parametrize(
    ("scheduler", "options"),
    [
        ("DDPMScheduler", {}),
        ("DDPMScheduler", {"beta_schedule": "squaredcos_cap_v2", "variance_type": "fixed_large"}),
        ("DDIMScheduler", GENTLE | {"set_alpha_to_one": False, "steps_offset": 1}),
        ("DDIMScheduler", {"prediction_type": "v_prediction", "timestep_spacing": "trailing"}),
        ("DDIMScheduler", {"prediction_type": "sample", "thresholding": True}),
    ],
)
def test_an_image_is_the_pipelines(tmp_path, runtime, monkeypatch, scheduler, options):
    folder = save(tmp_path, getattr(diffusers, scheduler)(**options))
    generator = load(folder, runtime)
    noise = generator.sample(range(3))
    pipeline = diffusers.DDIMPipeline.from_pretrained(folder, low_cpu_mem_usage=False)
    pipeline.set_progress_bar_config(disable=True)
    drawn = torch.from_numpy(noise).reshape(3, 3, SIDE, SIDE)
    monkeypatch.setattr(sys.modules[type(pipeline).__module__], "randn_tensor", lambda *_, **__: drawn)
    wanted = pipeline(batch_size=3, eta=0.0, num_inference_steps=STEPS, output_type="np").images
    assert len(np.unique(wanted)) > 20
    assert np.abs(generator.render(noise) / 255 - wanted).max() <= 0.5 / 255 + 1e-4


def test_seeds_mean_what_they_mean_elsewhere(generator):
    latents = generator.sample([7, 2**32 - 1])
    assert latents.dtype == np.float32
    np.testing.assert_array_equal(latents[0], np.random.RandomState(7).randn(DIM).astype(np.float32))
    np.testing.assert_array_equal(latents[1], np.random.RandomState(2**32 - 1).randn(DIM).astype(np.float32))
    assert generator.sample([]).shape == (0, DIM)


def test_its_space_is_the_sphere(generator):
    assert generator.space == SphereSpace(DIM)


def test_rendering_again_or_with_a_model_loaded_again_gives_the_same_bytes(saved, generator, runtime):
    latents = generator.sample(range(4))
    rendered = generator.render(latents)
    np.testing.assert_array_equal(rendered, generator.render(latents))
    torch.manual_seed(99)
    np.testing.assert_array_equal(rendered, load(saved, runtime).render(latents))


def test_an_image_does_not_depend_on_its_company(generator):
    latents = generator.sample(range(generator.micro_batch + 5))
    together = generator.render(latents)
    np.testing.assert_array_equal(together[[18, 3]], generator.render(latents[[18, 3]]))


def test_images_do_not_depend_on_how_many_streams_render_them(saved):
    """Which share one scheduler of diffusers."""
    rendered = []
    for streams in (1, 5):
        generator = load(saved, start_runtime("cpu", streams))
        generator.micro_batch = 2
        rendered.append(generator.render(generator.sample(range(21))))
    np.testing.assert_array_equal(*rendered)


def test_the_number_of_steps_is_the_studys(saved, generator, runtime):
    latents = generator.sample([1])
    assert np.any(generator.render(latents) != load(saved, runtime, steps=3).render(latents))


def test_files_beside_one_another_and_old_names_are_read(saved, generator, runtime, tmp_path):
    """As in google/ddpm-*: no folders, and the layers of attention under their first names."""
    for name in CONFIGS:
        shutil.copy(saved / name, tmp_path)
    old = {".to_q.": ".query.", ".to_k.": ".key.", ".to_v.": ".value.", ".to_out.0.": ".proj_attn."}
    state = load_file(saved / WEIGHTS)
    renamed = {re.sub("|".join(map(re.escape, old)), lambda new: old[new[0]], key): state[key] for key in state}
    assert renamed.keys() != state.keys()
    save_file(renamed, tmp_path / "diffusion_pytorch_model.safetensors")
    with pytest.raises(StudyError) as missing:
        ours.load(str(tmp_path), ours.Settings(), runtime)
    (digest,) = re.findall('sha256 = "([0-9a-f]{64})"', str(missing.value))
    loaded = ours.load(str(tmp_path), ours.Settings(steps=STEPS, sha256=digest), runtime)
    np.testing.assert_array_equal(loaded.render(loaded.sample([1])), generator.render(generator.sample([1])))


def test_weights_in_half_precision_run_in_single(folder, generator, runtime):
    save_file({key: value.half() for key, value in load_file(folder / WEIGHTS).items()}, folder / WEIGHTS)
    half = load(folder, runtime)
    latents = half.sample(range(3))
    assert np.abs(half.render(latents).astype(int) - generator.render(latents)).max() <= 4


# Errors


def test_the_package_is_needed_only_to_load():
    """In a process in which nothing imported it before."""
    script = (
        "import sys; sys.modules['diffusers'] = None\n"
        "from builder.errors import StudyError\n"
        "from builder.generators import diffusers\n"
        "diffusers.Settings(steps=20)\n"
        "try: diffusers.load('nowhere', diffusers.Settings(), None)\n"
        "except StudyError as error: print(error)"
    )
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=300)
    assert result.returncode == 0, result.stderr
    assert "is not installed" in result.stdout
    assert "pip install 'lands-between[diffusers]'" in result.stdout


@pytest.mark.parametrize("steps", [0, 1001, 2.5])
def test_steps_are_a_number_of_steps(steps):
    with pytest.raises(ValidationError, match="steps"):
        ours.Settings(steps=steps)


@pytest.mark.parametrize("argument", [None, ""])
def test_a_model_is_needed(runtime, argument):
    with pytest.raises(StudyError, match=r"write diffusers:FOLDER or diffusers:hf://user/repo@revision"):
        ours.load(argument, ours.Settings(), runtime)


@pytest.mark.parametrize(
    "address",
    [
        "hf://google/ddpm-celebahq-256",
        "hf://google/ddpm-celebahq-256@main",
        "hf://google/ddpm-celebahq-256@cd5c944",
        "hf://google/ddpm-celebahq-256@" + "A" * 40,
        "hf://google/../ddpm@" + "a" * 40,
    ],
)
def test_an_address_that_is_not_pinned_is_refused(runtime, address):
    with pytest.raises(StudyError, match="full commit hash"):
        ours.load(address, ours.Settings(), runtime)


def test_a_pinned_address_fetches_that_commit_and_no_other_files(saved, generator, runtime, monkeypatch):
    asked = []

    def snapshot_download(repo, *, revision, allow_patterns):
        asked.append((repo, revision, allow_patterns))
        return str(saved)

    monkeypatch.setattr("huggingface_hub.snapshot_download", snapshot_download)
    loaded = ours.load("hf://user/repo@" + "0a" * 20, ours.Settings(steps=STEPS), runtime)
    ((repo, revision, patterns),) = asked
    assert (repo, revision) == ("user/repo", "0a" * 20)
    assert {pattern.rpartition(".")[2] for pattern in patterns} == {"json", "safetensors"}
    np.testing.assert_array_equal(loaded.render(loaded.sample([1])), generator.render(generator.sample([1])))
    with pytest.raises(AssetError, match=r"generator\.sha256"):
        ours.load("hf://user/repo@" + "0a" * 20, ours.Settings(sha256="0" * 64), runtime)


def test_a_hub_that_does_not_answer_is_named(runtime, monkeypatch):
    def snapshot_download(*_, **__):
        raise OSError("no route")

    monkeypatch.setattr("huggingface_hub.snapshot_download", snapshot_download)
    with pytest.raises(AssetError, match=r"user/repo.*cannot be fetched from the Hub: no route"):
        ours.load("hf://user/repo@" + "0a" * 20, ours.Settings(), runtime)


def test_an_absent_folder_is_named(runtime, tmp_path):
    with pytest.raises(AssetError, match="nowhere: there is no such folder"):
        ours.load(str(tmp_path / "nowhere"), ours.Settings(), runtime)


@pytest.mark.parametrize("name", [*CONFIGS, WEIGHTS])
def test_an_absent_file_is_named(folder, runtime, name):
    (folder / name).unlink()
    with pytest.raises(AssetError, match=name):
        ours.load(str(folder), ours.Settings(), runtime)


def test_pickled_weights_are_not_read(folder, runtime):
    state = load_file(folder / WEIGHTS)
    (folder / WEIGHTS).unlink()
    torch.save(state, folder / "unet" / "diffusion_pytorch_model.bin")
    with pytest.raises(AssetError, match="safetensors"):
        ours.load(str(folder), ours.Settings(), runtime)


def test_a_folder_is_pinned_by_its_hash(folder, runtime):
    digest = sha256(folder)
    with pytest.raises(StudyError, match=f'add sha256 = "{digest}"'):
        ours.load(str(folder), ours.Settings(), runtime)
    edit(folder / CONFIGS[1], clip_sample=True)
    with pytest.raises(AssetError, match=f"the study file says {digest}"):
        ours.load(str(folder), ours.Settings(sha256=digest), runtime)


@pytest.mark.parametrize(
    "unet",
    [
        {"num_class_embeds": 10},
        {"class_embed_type": "timestep"},
        {"in_channels": 1, "out_channels": 1},
        {"out_channels": 6},
        {"sample_size": (8, 16)},
        {"sample_size": None},
    ],
)
def test_a_model_that_is_not_unconditional_square_and_rgb_is_refused(tmp_path, runtime, unet):
    with pytest.raises(AssetError, match=f"{next(iter(unet))} = .* unconditional UNet2DModel of square RGB images"):
        load(save(tmp_path, **unet), runtime)


def test_a_model_with_text_is_refused(folder, runtime):
    edit(folder / CONFIGS[0], _class_name="UNet2DConditionModel", in_channels=4)
    with pytest.raises(AssetError, match="_class_name = 'UNet2DConditionModel', in_channels = 4; wanted is an uncond"):
        load(folder, runtime)


@pytest.mark.parametrize(
    ("name", "keys", "message"),
    [
        (CONFIGS[0], {"block_out_channels": [2**20, 2**20]}, r"by .*config\.json it should be"),  # and takes no memory
        (CONFIGS[0], {"down_block_types": ["NoBlock", "NoBlock"]}, "no UNet2DModel can be made of it"),
        (CONFIGS[0], {"norm_num_groups": 0}, "no UNet2DModel can be made of it"),
        (CONFIGS[0], {"sample_size": 2**20}, "sample_size of 1 to 1024"),
        (CONFIGS[0], {"sample_size": 7}, "a first step of denoising fails"),
        (CONFIGS[1], {"_class_name": "PNDMScheduler"}, "the scheduler of a DDPM or DDIM"),
        (CONFIGS[1], {"num_train_timesteps": 2**40}, "num_train_timesteps = "),
        (CONFIGS[1], {"beta_schedule": "none"}, "no scheduler can be made of it"),
        (CONFIGS[1], {"steps_offset": 1000}, "a first step of denoising fails"),
        (CONFIGS[1], {"prediction_type": "none"}, "a first step of denoising fails"),
    ],
)
def test_a_configuration_that_makes_no_sense_is_refused(folder, runtime, name, keys, message):
    edit(folder / name, **keys)
    with pytest.raises(AssetError, match=message):
        load(folder, runtime)


@pytest.mark.parametrize("text", ["{", "[]", "[" * 100_000, " " * 1_000_001, "\x80"])
@pytest.mark.parametrize("name", CONFIGS)
def test_a_configuration_that_is_none_is_named(folder, runtime, name, text):
    (folder / name).write_text(text, "latin-1")
    with pytest.raises(AssetError, match=name):
        load(folder, runtime)


@pytest.mark.parametrize("damage", ["missing", "unexpected", "shape"])
def test_weights_of_another_network_are_refused(folder, runtime, damage):
    state = load_file(folder / WEIGHTS)
    if damage == "missing":
        del state["conv_in.bias"]
    elif damage == "unexpected":
        state["conv_in.more"] = torch.zeros(1)
    else:
        state["conv_in.bias"] = torch.zeros(2)
    save_file(state, folder / WEIGHTS)
    with pytest.raises(AssetError, match=r"the shape of conv_in\.(bias|more) is"):
        load(folder, runtime)


def test_weights_that_are_not_safetensors_are_refused(folder, runtime):
    (folder / WEIGHTS).write_bytes(b"not safetensors")
    with pytest.raises(AssetError, match="cannot be read as safetensors"):
        load(folder, runtime)


def test_more_steps_than_the_model_was_trained_with_are_refused(folder, runtime):
    edit(folder / CONFIGS[1], num_train_timesteps=20)
    with pytest.raises(StudyError, match=r"generator\.steps = 21: the model was trained with 20 steps"):
        load(folder, runtime, steps=21)


def test_pixels_that_are_not_finite_are_refused(folder, runtime):
    state = load_file(folder / WEIGHTS)
    state["conv_out.bias"][:] = float("nan")
    save_file(state, folder / WEIGHTS)
    generator = load(folder, runtime)
    with pytest.raises(BuildError, match="not finite"):
        generator.render(generator.sample([1]))


def test_a_torchvision_that_cannot_be_imported_is_in_nobodys_way(tmp_path):
    """In a process of its own: diffusers asks for torchvision once."""
    (tmp_path / "torchvision.py").write_text("raise RuntimeError('operator torchvision::nms does not exist')")
    script = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n"
        "from builder.generators.diffusers import import_diffusers\n"
        "import_diffusers().UNet2DModel\n"
        "assert 'torchvision' not in sys.modules"
    )
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=300)
    assert result.returncode == 0, result.stderr
