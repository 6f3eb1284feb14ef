import pandas as pd
import pytest

from analysis.names import Spelling, written
from analysis.report.contents import Contents


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("hog_yaw", "yaw (HOG)"),
        ("lpips_alex ↓", "LPIPS (AlexNet) ↓"),
        ("latent_l2", "latent L2"),
        ("dlib_accept", "dlib accept"),
        ("p_holm", "p (Holm)"),
        ("spearman_absolute", "Spearman absolute"),
        ("r2_low", "R² low"),
        ("alex_distance", "alex distance"),
        ("lime_2", "lime 2"),
    ],
)
def test_a_name_in_words(name, words):
    assert written(name) == words


OWN = Spelling({"grad cam": "Grad-CAM", "lime": "LIME", "no op": "no-op", "hog": "the HOG"})


def test_a_kinds_own_words_come_before_the_shared_ones():
    assert OWN("no_op_auc") == "no-op AUC"
    assert OWN("no_operator") == "no operator"
    assert OWN("hog_pearson") == "the HOG Pearson"


def test_only_names_of_a_text_are_written():
    assert OWN.text("lime of my_net: grad_cam_2, grad_cam", {"grad_cam", "lime"}) == (
        "lime of my_net: grad_cam_2, Grad-CAM"
    )
    assert OWN.text("lime", {"lime"}) == "LIME"


def test_page_and_latex_say_words_where_the_csv_has_names():
    contents = Contents(None, {"grad_cam"}, OWN)
    frame = pd.DataFrame(
        {
            "pair_id": ["a_b"],
            "image_id": ["grad_cam_1"],
            "explainer": ["grad_cam"],
            "interval": ["none"],
            "n_pairs": [3],
            "p_holm": [0.5],
        }
    )
    item = contents.table("some", frame, "p_holm of grad_cam and other_name.")
    assert item.caption == "p (Holm) of Grad-CAM and other_name."
    headings = [column["heading"] for column in item.columns]
    assert headings == ["explainer", "p (Holm)", "n pairs", "pair id", "image id", "interval"]
    assert item.rows == [("Grad-CAM", "0.500", "3", "a_b", "grad_cam_1", "none")]
    assert contents.files["tables/some.csv"].decode().startswith("pair_id,image_id,explainer,interval,n_pairs,p_holm\n")
    assert "a_b,grad_cam_1,grad_cam,none" in contents.files["tables/some.csv"].decode()
    assert "explainer & p (Holm) & n pairs" in contents.files["tables/some.tex"].decode()


def test_one_id_stays_the_first_column():
    frame = pd.DataFrame({"participant_id": ["x"], "n_pairs": [1], "kappa": [0.5], "reason": ["none"]})
    headings = [column["heading"] for column in Contents(None).table("some", frame, "").columns]
    assert headings == ["participant id", "kappa", "n pairs", "reason"]
