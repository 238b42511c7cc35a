using Gateway.Http;

namespace Gateway.Tests.Http;

public sealed class VisibleTextTests
{
    [Theory]
    [InlineData("plain-1.iso", "plain-1.iso")]
    [InlineData("Über den Regen.txt", "Über den Regen.txt")]
    [InlineData("report\u202Efdp.exe", "report⟨U+202E⟩fdp.exe")]
    [InlineData("a\u0000\u001B[31m\u009F\r\n", "a⟨U+0000⟩⟨U+001B⟩[31m⟨U+009F⟩⟨U+000D⟩⟨U+000A⟩")]
    [InlineData("\u200B\u2028\u2066\uFEFF\u00AD", "⟨U+200B⟩⟨U+2028⟩⟨U+2066⟩⟨U+FEFF⟩⟨U+00AD⟩")]
    [InlineData("\U000E0041", "⟨U+E0041⟩")]
    [InlineData("می\u200Cدهد 👩\u200D🚀", "می\u200Cدهد 👩\u200D🚀")]
    public void What_cannot_be_seen_is_shown_as_a_mark(string text, string expected) => Assert.Equal(expected, VisibleText.Of(text));
}
