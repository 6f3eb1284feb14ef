"""`local`: batches one after another in this process."""

import logging
import time

from tqdm import tqdm

from builder.models import load_models
from builder.pipeline import build_batch
from builder.runtime import start_runtime
from builder.shards import StudyFolder
from builder.study import Study

log = logging.getLogger(__name__)


def run(study: Study, folder: StudyFolder, batches: list[int], device: str) -> None:
    """Builds `batches` into `folder`; each is finished, on disk, before the next begins.

    Raises:
        LandsBetweenError: what a model, the folder or a batch cannot do; what was finished stays.
    """
    runtime = start_runtime(device)
    models = load_models(study, runtime)
    environment = runtime.environment()
    folder.describe(study, models.micro_batches(), environment)
    for batch in tqdm(batches, desc="batches", unit="batch", disable=None, leave=False):
        start = time.perf_counter()
        built = build_batch(study, models, batch)
        folder.write_batch(batch, built.tables, built.seeds, built.seeds_passed_over, environment, built.timings)
        folder.write_readme()
        log.info("batch %d: %d pairs in %.1f s", batch, built.tables["pairs"].num_rows, time.perf_counter() - start)
