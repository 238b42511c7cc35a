using System.Diagnostics.CodeAnalysis;

namespace Gateway.Configuration;

/// <summary>Reads the text of a setting; false when it is not of the wanted form.</summary>
internal delegate bool SettingParser<T>(string text, [MaybeNullWhen(false)] out T value);

/// <summary>A form of values that settings have.</summary>
/// <param name="Wanted">What texts are right, to be read before "is wanted".</param>
/// <param name="Example">A right one; empty where what is wanted says it all.</param>
/// <param name="Parse">Reads one. Gets the empty text only as the default of a setting.</param>
internal sealed record SettingForm<T>(string Wanted, string Example, SettingParser<T> Parse);
