// The shape of methods.json.
import type { FillDescription, InputDescription } from "./generator.js";

export interface Labels {
  values: number[];
}

/** Value and gradients of a loss of clean and adversarial logits. */
export interface PairGradients {
  value: number;
  grad_nat_first20?: number[];
  grad_nat_l2: number;
  grad_adv_first20?: number[];
  grad_adv_l2: number;
}

interface Harl {
  labels: number[];
  value: number;
  value_float64: number;
  grad_first20: number[];
  grad_l2: number;
}

type ByName = Record<string, number>;

interface AwpStep {
  loss_on_perturbed_weights: number;
  grad_norms: ByName;
  norms_after_step_and_restore: ByName;
  bn1_running_mean_first4: number[];
  bn1_running_var_first4: number[];
}

interface AwpRun {
  steps: AwpStep[];
  norms_after_perturb: ByName;
  norms_after_restore: ByName;
}

export interface MethodsFile {
  tolerance: { rel_values: number; rel_grad_norms: number; awp_rel_norms: number };
  logit_pair: { nat: InputDescription; adv: { seed: number; first4: number[] }; labels: Labels };
  robal: {
    features: InputDescription;
    weight: InputDescription;
    labels: Labels;
    counts: number[];
    cosplus: {
      gamma: number;
      logits: number[][];
      ce_of_logits: number;
      grad_features_l2: number;
      grad_weight_l2: number;
      grad_features_first8: number[];
      grad_weight_first8: number[];
    };
    cosplus_scale10: { scale: number; logits_row0: number[] };
    postproc_cos: { tau_p: number; scale: number; logits: number[][] };
    multi_margin: {
      m: number;
      s: number;
      tau_b: number;
      tau_m: number;
      margins: number[];
      on_cosplus_logits: {
        value: number;
        grad_logits_first20: number[];
        grad_logits_l2: number;
        grad_features_l2: number;
      };
      on_random_logits: {
        logits: InputDescription;
        labels: Labels;
        value: number;
        grad_first20: number[];
        grad_l2: number;
        value_float64: number;
      };
    };
    trades_regulariser: PairGradients & { beta_reg: number };
    full_objective_on_pair_div4: PairGradients;
  };
  trades: PairGradients & { beta: number; ce_nat: number; kl_batchmean_float64: number };
  mart: PairGradients & {
    beta: number;
    value_float64: number;
    bce_float64: number;
    weighted_kl_float64: number;
  };
  taet_harl: { alpha: number; beta: number; gamma: number; all_labels: Harl; labels_8_9_absent: Harl };
  robustlt: {
    alpha: number;
    beta: number;
    epochs: number;
    eps: string;
    step: string;
    counts: number[];
    classwise_eps_at_epoch: Record<string, number[]>;
    intensity_at_epoch: ByName;
    classwise_eps_max_float64: number[];
    classwise_step_max_float64: number[];
    sample_weighted_mean_eps_over_eps_float64: number;
  };
  awp: {
    fill: Omit<FillDescription, "dim>=2 scale">;
    gamma: number;
    clean_images: InputDescription;
    adv_images: { seed: number };
    labels: Labels;
    initial_norms: ByName;
    awp_at: AwpRun;
    awp_trades: AwpRun & { beta: number };
    no_awp_reference: Pick<AwpRun, "steps">;
  };
}
