namespace Gateway.Configuration;

/// <summary>One setting as the documents tell of it.</summary>
/// <param name="Name">Its configuration key, as in <c>Rain:Listen</c>.</param>
/// <param name="Default">Its default, in the form a user would write; empty for none.</param>
/// <param name="Wanted">What values are right, to be read before "is wanted".</param>
/// <param name="Example">A right value; empty where what is wanted says it all.</param>
/// <param name="Meaning">What it does.</param>
/// <param name="Traits">What else is to be known.</param>
/// <param name="IsRight">Whether a text is of the wanted form.</param>
internal sealed record Setting(
    string Name, string Default, string Wanted, string Example, string Meaning, SettingTraits Traits, Func<string, bool> IsRight)
{
    /// <summary>As in <c>Rain</c>; empty for one at the top.</summary>
    public string Section => Name.Contains(':', StringComparison.Ordinal) ? Name.Split(':')[0] : "";

    /// <summary>Whether its value must not be shown.</summary>
    public bool IsSecret => Traits.HasFlag(SettingTraits.Secret);

    /// <summary>Whether a change takes effect while the gateway runs; others wait for the next start.</summary>
    public bool IsLive => Traits.HasFlag(SettingTraits.Live);

    /// <summary>Whether it stays as it is when it is left out while the gateway runs.</summary>
    public bool IsProtective => Traits.HasFlag(SettingTraits.Protective);

    /// <summary>A line that tells of a value that is not of the wanted form.</summary>
    public string Mistake(string text) =>
        $"{Name} = \"{(IsSecret ? "…" : text)}\": {Wanted} is wanted{(Example.Length == 0 ? "" : $", like {Example}")}.";
}
