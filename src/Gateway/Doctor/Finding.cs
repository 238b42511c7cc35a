namespace Gateway.Doctor;

/// <summary>What one look has found.</summary>
/// <param name="Check">What was looked at, in a word.</param>
/// <param name="State"><c>ok</c>, <c>warning</c> (it works, and could work better) or <c>problem</c>.</param>
/// <param name="Detail">What was found.</param>
/// <param name="Advice">What to do about it; null when there is nothing to do.</param>
internal sealed record Finding(string Check, string State, string Detail, string? Advice)
{
    public static Finding Ok(string check, string detail) => new(check, "ok", detail, null);

    public static Finding Warning(string check, string detail, string advice) => new(check, "warning", detail, advice);

    public static Finding Problem(string check, string detail, string advice) => new(check, "problem", detail, advice);
}
