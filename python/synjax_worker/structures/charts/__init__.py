"""Charts: tables of the spans of a sentence, and loops over them from short spans to long ones and back."""
