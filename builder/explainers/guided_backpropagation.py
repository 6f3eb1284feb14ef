"""`guided_backpropagation`: Springenberg et al., "Striving for Simplicity" (2015).

It shows edges, whatever the network has learned (Adebayo et al., "Sanity Checks for Saliency Maps", 2018): a control.
"""

import torch
from torch import nn

from builder import settings
from builder.explainers.base import Attribution, NetworkExplainer, differentiable, no_argument, one_hot, over_channels
from builder.explainers.base import describe as describe
from builder.explainers.steps import Kind, Step, Steps
from builder.runtime import Runtime


def guided_backpropagation(
    steps: Steps, inputs: torch.Tensor, classes: torch.Tensor, *, create_graph: bool = False
) -> torch.Tensor:
    """The gradient of which every ReLU on the way back lets through only what is above 0, (n, c, h, w)."""
    tape = steps.run(differentiable(inputs))

    def rule(step: Step, arriving: torch.Tensor) -> tuple[torch.Tensor, ...]:
        if step.kind is Kind.ACTIVATION:
            # Springenberg et al., figure 1c: R_l = (f_l > 0) (R_l+1 > 0) R_l+1; the chain rule is the first factor.
            arriving = arriving.clamp(min=0)
        return step.chain(arriving, create_graph)

    return tape.back(one_hot(classes, tape.logits), rule)


class GuidedBackpropagation(NetworkExplainer):
    """Guided backpropagation, with its sign."""

    name = "guided_backpropagation"

    def attribution(self, network: nn.Module) -> Attribution:
        """The method for one network.

        Raises:
            StudyError: the network cannot be traced.
        """
        steps = Steps(network, self.name)

        def attribute(inputs: torch.Tensor, classes: torch.Tensor, *, create_graph: bool = False) -> torch.Tensor:
            return over_channels(guided_backpropagation(steps, inputs, classes, create_graph=create_graph))

        return attribute


class Settings(settings.Settings):
    """No keys."""


def load(argument: str | None, own: Settings, runtime: Runtime) -> GuidedBackpropagation:
    """The explainer.

    Raises:
        StudyError: there is an argument.
    """
    no_argument("guided_backpropagation", argument)
    return GuidedBackpropagation(runtime)
