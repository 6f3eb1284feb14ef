from builder.ratings.ids import rating_id


def test_the_id_of_a_rating_is_a_fixed_function_of_participant_and_pair():
    # printf 'anna\nstudy-00000-base0-genuine' | sha256sum
    assert rating_id("anna", "study-00000-base0-genuine") == "533781e2434f5ae9f633"
    assert rating_id("anna", "study-00000-base1-genuine") != rating_id("anna", "study-00000-base0-genuine")
