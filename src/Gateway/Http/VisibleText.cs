using System.Globalization;
using System.Text;

namespace Gateway.Http;

/// <summary>A stranger's text, made safe to look at: what cannot be seen, or turns the writing of what follows, is shown as a mark. With
/// U+202E in it a name that ends in "fdp.exe" would be read as one that ends in "exe.pdf".</summary>
internal static class VisibleText
{
    /// <summary>The text with a mark such as ⟨U+202E⟩ in place of every such character.</summary>
    public static string Of(string text)
    {
        if (!text.Any(IsSuspect))
        {
            return text;
        }

        var shown = new StringBuilder(text.Length + 16);
        foreach (var rune in text.EnumerateRunes())
        {
            if (IsUnseen(rune))
            {
                shown.Append(CultureInfo.InvariantCulture, $"⟨U+{rune.Value:X4}⟩");
            }
            else
            {
                shown.Append(rune.ToString());
            }
        }

        return shown.ToString();
    }

    /// <summary>The quick look at ordinary text.</summary>
    private static bool IsSuspect(char letter) => letter < ' ' || letter > '~';

    /// <summary>The joiners U+200C and U+200D stay: scripts and emoji need them.</summary>
    private static bool IsUnseen(Rune rune) => rune.Value is not (0x200C or 0x200D)
        && Rune.GetUnicodeCategory(rune) is UnicodeCategory.Control or UnicodeCategory.Format
            or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator;
}
