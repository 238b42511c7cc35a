using Gateway.Http;

namespace Gateway.Tests.Http;

public sealed class StructuredFieldsTests
{
    [Theory]
    [InlineData("", "")]
    [InlineData("sha-256=:AQID:", "sha-256=AQID")]
    [InlineData("a=1, b=:AQ==:,c=-7", "a=1 b=AQ== c=-7")]
    [InlineData("a=1;x;y=2, b=3", "a=1 b=3")]
    [InlineData("a=1, a=2", "a=2")]
    [InlineData("  a=1\t", "a=1")]
    [InlineData("a=999999999999999, b=-999999999999999", "a=999999999999999 b=-999999999999999")]
    [InlineData("*k_1.-=0", "*k_1.-=0")]
    public void A_dictionary_is_read(string field, string expected)
    {
        Assert.True(StructuredFields.TryReadDictionary(field, out var members));
        Assert.Equal(
            expected,
            string.Join(
                ' ',
                members.Select(member => $"{member.Key}={(member.Value is byte[] bytes ? Convert.ToBase64String(bytes) : member.Value)}")));
    }

    [Theory]
    [InlineData("a")]
    [InlineData("a=")]
    [InlineData("a=1,")]
    [InlineData(",a=1")]
    [InlineData("a=1 b=2")]
    [InlineData("A=1")]
    [InlineData("1a=1")]
    [InlineData("a=:AQI")]
    [InlineData("a=:A?:")]
    [InlineData("a=AQID")]
    [InlineData("a=-")]
    [InlineData("a=1;")]
    [InlineData("a=99999999999999999999")]
    [InlineData("a=1000000000000000")]
    [InlineData("a=-1000000000000000")]
    public void Anything_else_is_malformed(string field) => Assert.False(StructuredFields.TryReadDictionary(field, out _));

    [Fact]
    public void Random_fields_are_read_or_refused_and_never_throw()
    {
        const int Seed = 9530;
        var random = new Random(Seed);
        const string Letters = "ab=:;, -*19AQ==\t\"";
        for (var round = 0; round < 50_000; round++)
        {
            var field = string.Concat(Enumerable.Range(0, random.Next(24)).Select(_ => Letters[random.Next(Letters.Length)]));
            if (StructuredFields.TryReadDictionary(field, out var members))
            {
                Assert.All(members.Values, value => Assert.True(value is byte[] or long, $"seed {Seed}: {field}"));
            }
        }
    }
}
