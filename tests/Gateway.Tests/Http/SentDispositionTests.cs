using Gateway.Http;
using Microsoft.Extensions.Primitives;

namespace Gateway.Tests.Http;

public sealed class SentDispositionTests
{
    [Theory]
    [InlineData("attachment; filename=\"a.txt\"", true, "a.txt")]
    [InlineData("attachment; filename=a.txt", true, "a.txt")]
    [InlineData("ATTACHMENT ; FileName = \"a.txt\" ;", true, "a.txt")]
    [InlineData("inline", false, null)]
    [InlineData("attachment", true, null)]
    [InlineData("form-data; name=\"file\"; filename=\"a.txt\"", false, "a.txt")]
    [InlineData("filename=\"a.txt\"", null, "a.txt")]
    [InlineData("inline; filename=\"x\"; filename*=UTF-8''r%C3%A9sum%C3%A9.pdf", false, "résumé.pdf")]
    [InlineData("inline; filename*=utf-8'en'r%C3%A9sum%C3%A9.pdf; filename=x", false, "résumé.pdf")]
    [InlineData("inline; filename*=iso-8859-1''r%E9sum%E9.pdf", false, "résumé.pdf")]
    [InlineData("attachment; filename=\"r.pdf\"; filename*=UTF-8''report%20(1).pdf", true, "report (1).pdf")]
    [InlineData("attachment; filename=\"r.pdf\"; filename*=UTF-8''it's.pdf", true, "it's.pdf")]
    [InlineData("attachment; filename=\"r.pdf\"; filename*=UTF-8''%E9.pdf", true, "r.pdf")]
    [InlineData("attachment; filename=\"r.pdf\"; filename*=UTF-8''100%.pdf", true, "r.pdf")]
    [InlineData("attachment; filename=\"r.pdf\"; filename*=koi8-r''%C1", true, "r.pdf")]
    [InlineData("attachment; filename=\"r.pdf\"; filename*=report.pdf", true, "r.pdf")]
    [InlineData("attachment; filename=\"r.pdf\"; nonsense((", true, "r.pdf")]
    [InlineData("attachment; filename=\"a;b.txt\"; size=3", true, "a;b.txt")]
    [InlineData("attachment; filename=\"a\\\"b.txt\"", true, "a\"b.txt")]
    [InlineData("attachment; filename=\"a\\\";b\\\\\"; x=y", true, "a\";b\\")]
    [InlineData("attachment; filename=\"not ended", true, "not ended")]
    [InlineData("attachment; filename=\"C:\\temp\\a.exe\"", true, "C:\\temp\\a.exe")]
    [InlineData("attachment; filename=\"=?utf-8?B?csOpc3Vtw6kucGRm?=\"", true, "résumé.pdf")]
    [InlineData("attachment; filename=\"r\u00C3\u00A9sum\u00C3\u00A9.pdf\"", true, "résumé.pdf")]
    [InlineData("attachment; filename=\"r\u00E9sum\u00E9.pdf\"", true, "résumé.pdf")]
    [InlineData("attachment; filename=\"日本.pdf\"", true, "日本.pdf")]
    [InlineData("attachment; filename=\"\"", true, "")]
    [InlineData("", null, null)]
    [InlineData(";;;=", null, null)]
    public void A_field_is_read_as_far_as_it_can_be(string field, bool? isAttachment, string? name) =>
        Assert.Equal(new SentDisposition(isAttachment, name), SentDisposition.Read(field));

    [Fact]
    public void Of_two_fields_none_counts() =>
        Assert.Equal(SentDisposition.None, SentDisposition.Read(new StringValues(["attachment; filename=a", "attachment; filename=b"])));

    [Fact]
    public void Anything_at_all_is_read_without_a_fall()
    {
        const int Seed = 8187;
        var random = new Random(Seed);
        const string Alphabet = "attachment;filename*=UTF-8''%E9\"\\ \t=?utf-8?B?é\uD83D";
        for (var round = 0; round < 20_000; round++)
        {
            var field = string.Concat(Enumerable.Range(0, random.Next(40)).Select(_ => Alphabet[random.Next(Alphabet.Length)]));
            _ = Dispositions.Clean(SentDisposition.Read("attachment; filename" + field).FileName);
        }
    }

    [Fact]
    public void What_an_answer_says_is_read_as_it_was()
    {
        const int Seed = 6266;
        var random = new Random(Seed);
        for (var round = 0; round < 5000; round++)
        {
            var name = Dispositions.Clean(string.Concat(Enumerable.Range(0, random.Next(1, 20)).Select(_ => (char)random.Next(0, 0xFFFF))));
            var isAttachment = round % 2 == 0;
            if (name is not null)
            {
                Assert.Equal(new SentDisposition(isAttachment, name), SentDisposition.Read(Dispositions.Format(isAttachment, name)));
            }
        }
    }
}
