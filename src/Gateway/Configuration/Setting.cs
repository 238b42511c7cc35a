using System.Diagnostics.CodeAnalysis;

namespace Gateway.Configuration;

/// <summary>Reads the text of a setting; false when it is not of the wanted form.</summary>
internal delegate bool SettingParser<T>(string text, [MaybeNullWhen(false)] out T value);

/// <summary>One setting as the documents tell of it.</summary>
/// <param name="Name">Its configuration key, as in <c>Rain:Listen</c>.</param>
/// <param name="Default">Its default, in the form a user would write; empty for none.</param>
/// <param name="Wanted">What values are right, to be read before "is wanted".</param>
/// <param name="Meaning">What it does.</param>
internal abstract record Setting(string Name, string Default, string Wanted, string Meaning)
{
    /// <summary>Whether its value must not be shown.</summary>
    public bool IsSecret { get; init; }

    /// <summary>Whether a change takes effect while the gateway runs; others wait for the next start.</summary>
    public bool IsLive { get; init; }
}

/// <summary>One setting with its type.</summary>
/// <param name="Name">See <see cref="Setting"/>.</param>
/// <param name="Default">See <see cref="Setting"/>.</param>
/// <param name="Wanted">See <see cref="Setting"/>.</param>
/// <param name="Meaning">See <see cref="Setting"/>.</param>
/// <param name="Parse">Reads its text; the default must be readable.</param>
internal sealed record Setting<T>(string Name, string Default, string Wanted, string Meaning, SettingParser<T> Parse)
    : Setting(Name, Default, Wanted, Meaning);
