"""One small file a check: evidence in, findings out."""

from collections.abc import Callable, Iterator

from headway.doctor.checks.activation_scale import check_activation_scale
from headway.doctor.checks.attention_mask import check_attention_mask
from headway.doctor.checks.bad_data import check_bad_data, check_independent_labels
from headway.doctor.checks.batch_size import check_batch_size
from headway.doctor.checks.bound_norms import check_bound_norms
from headway.doctor.checks.capacity import check_capacity
from headway.doctor.checks.class_imbalance import check_class_imbalance
from headway.doctor.checks.clipping import check_clipping
from headway.doctor.checks.dead_units import check_dead_units
from headway.doctor.checks.epochs_few import check_epochs_few
from headway.doctor.checks.frozen_parameters import check_frozen_parameters
from headway.doctor.checks.gradient_flow import check_gradient_flow
from headway.doctor.checks.gradient_wiring import check_gradient_wiring
from headway.doctor.checks.hardly_learned import check_hardly_learned
from headway.doctor.checks.hidden_activation import check_hidden_activation
from headway.doctor.checks.input_blind import check_input_blind
from headway.doctor.checks.input_scale import check_input_scale
from headway.doctor.checks.label_encoding import check_label_encoding
from headway.doctor.checks.last_norm import check_last_norm
from headway.doctor.checks.last_step import check_last_step
from headway.doctor.checks.loss_at_start import check_loss_at_start
from headway.doctor.checks.loss_mismatch import check_loss_mismatch
from headway.doctor.checks.loss_numerics import check_loss_numerics
from headway.doctor.checks.lost_numbers import check_lost_numbers
from headway.doctor.checks.lr_high import check_lr_high
from headway.doctor.checks.lr_low import check_lr_low
from headway.doctor.checks.memory import check_memory
from headway.doctor.checks.metric import check_metric
from headway.doctor.checks.metric_course import check_metric_course
from headway.doctor.checks.mixed_samples import check_mixed_samples
from headway.doctor.checks.noisy_labels import check_noisy_labels
from headway.doctor.checks.noisy_training import check_noisy_training
from headway.doctor.checks.normalization import check_normalization
from headway.doctor.checks.optimizer import check_optimizer
from headway.doctor.checks.order_blind import check_order_blind
from headway.doctor.checks.oscillation import check_oscillation
from headway.doctor.checks.other_numbers import check_other_numbers
from headway.doctor.checks.other_optimizer import check_other_optimizer
from headway.doctor.checks.other_preparation import check_other_preparation
from headway.doctor.checks.output_activation import check_output_activation
from headway.doctor.checks.overfit_one_batch import check_overfit_one_batch
from headway.doctor.checks.overfitting import check_overfitting
from headway.doctor.checks.padding import check_padding
from headway.doctor.checks.penalty_terms import check_penalty_terms
from headway.doctor.checks.rare_labels import check_rare_labels
from headway.doctor.checks.regularization import check_regularization
from headway.doctor.checks.replaced_targets import check_replaced_targets
from headway.doctor.checks.saturation import check_saturation
from headway.doctor.checks.schedule import check_schedule
from headway.doctor.checks.shape_broadcast import check_shape_broadcast
from headway.doctor.checks.shuffle import check_shuffle
from headway.doctor.checks.single_step import check_single_step
from headway.doctor.checks.symmetry import check_symmetry
from headway.doctor.checks.train_eval_mode import check_train_eval_mode
from headway.doctor.checks.unbounded_states import check_unbounded_states
from headway.doctor.checks.zero_grad_missing import check_zero_grad_missing
from headway.doctor.evidence import Evidence
from headway.doctor.finding import Finding

Check = Callable[[Evidence], Iterator[Finding]]

CHECKS: tuple[Check, ...] = (
    check_bad_data,
    check_independent_labels,
    check_noisy_labels,
    check_replaced_targets,
    check_hardly_learned,
    check_label_encoding,
    check_other_numbers,
    check_input_scale,
    check_other_preparation,
    check_shape_broadcast,
    check_mixed_samples,
    check_loss_mismatch,
    check_padding,
    check_output_activation,
    check_metric,
    check_metric_course,
    check_loss_numerics,
    check_loss_at_start,
    check_class_imbalance,
    check_rare_labels,
    check_gradient_wiring,
    check_attention_mask,
    check_frozen_parameters,
    check_zero_grad_missing,
    check_train_eval_mode,
    check_shuffle,
    check_lost_numbers,
    check_last_step,
    check_single_step,
    check_order_blind,
    check_memory,
    check_normalization,
    check_last_norm,
    check_symmetry,
    check_activation_scale,
    check_hidden_activation,
    check_gradient_flow,
    check_unbounded_states,
    check_dead_units,
    check_saturation,
    check_lr_high,
    check_oscillation,
    check_lr_low,
    check_schedule,
    check_other_optimizer,
    check_noisy_training,
    check_clipping,
    check_optimizer,
    check_batch_size,
    check_regularization,
    check_penalty_terms,
    check_bound_norms,
    check_capacity,
    check_epochs_few,
    check_overfitting,
    check_input_blind,
    check_overfit_one_batch,
)
