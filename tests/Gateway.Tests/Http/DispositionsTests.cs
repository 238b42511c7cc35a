using Gateway.Http;
using Microsoft.Net.Http.Headers;

namespace Gateway.Tests.Http;

public sealed class DispositionsTests
{
    [Theory]
    [InlineData("a.txt", "a.txt")]
    [InlineData("../../etc/passwd", "passwd")]
    [InlineData("C:\\temp\\a.exe", "a.exe")]
    [InlineData("..", null)]
    [InlineData("\r\nSet-Cookie: x", "Set-Cookie: x")]
    [InlineData("", null)]
    [InlineData(null, null)]
    public void A_sent_name_is_made_harmless(string? name, string? expected) => Assert.Equal(expected, Dispositions.Clean(name));

    [Fact]
    public void A_name_is_cut_at_what_a_manifest_holds()
    {
        var clean = Dispositions.Clean(new string('é', 2000))!;
        Assert.Equal(PouringRain.Protocol.Manifest.FileNameBytesMax, System.Text.Encoding.UTF8.GetByteCount(clean));
    }

    [Theory]
    [InlineData("a.txt", "inline; filename=\"a.txt\"; filename*=UTF-8''a.txt")]
    [InlineData("a b%.txt", "inline; filename=\"a b_.txt\"; filename*=UTF-8''a%20b%25.txt")]
    [InlineData("résumé", "inline; filename=\"r_sum_\"; filename*=UTF-8''r%C3%A9sum%C3%A9")]
    [InlineData("a\"b\\c", "inline; filename=\"a_b_c\"; filename*=UTF-8''a%22b%5Cc")]
    [InlineData("\r\nX: y", "inline; filename=\"__X: y\"; filename*=UTF-8''%0D%0AX%3A%20y")]
    [InlineData(null, null)]
    public void A_name_is_written_in_both_forms(string? name, string? expected) =>
        Assert.Equal(expected, Dispositions.Format(isAttachment: false, name));

    [Fact]
    public void Any_name_is_written_in_safe_characters_and_read_back()
    {
        const int Seed = 6266;
        var random = new Random(Seed);
        for (var round = 0; round < 5000; round++)
        {
            var name = Dispositions.Clean(string.Concat(Enumerable.Range(0, random.Next(1, 20)).Select(_ => (char)random.Next(0, 0xFFFF))));
            if (name is not null)
            {
                var field = Dispositions.Format(isAttachment: true, name)!;
                Assert.All(field, c => Assert.True(c is >= ' ' and <= '~', $"seed {Seed}, round {round}"));
                Assert.Equal(name, ContentDispositionHeaderValue.Parse(field).FileNameStar.Value);
            }
        }
    }
}
