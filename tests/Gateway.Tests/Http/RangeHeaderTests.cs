using Gateway.Http;

namespace Gateway.Tests.Http;

public sealed class RangeHeaderTests
{
    [Theory]
    [InlineData("bytes=0-0", 10, "0-0")]
    [InlineData("bytes=0-9", 10, "0-9")]
    [InlineData("bytes=3-", 10, "3-9")]
    [InlineData("bytes=3-100", 10, "3-9")]
    [InlineData("bytes=-3", 10, "7-9")]
    [InlineData("bytes=-100", 10, "0-9")]
    [InlineData("BYTES=1-2", 10, "1-2")]
    [InlineData("bytes= 1-2 , 5-6\t", 10, "1-2,5-6")]
    [InlineData("bytes=,1-2,,", 10, "1-2")]
    [InlineData("bytes=5-6,1-2", 10, "5-6,1-2")]
    [InlineData("bytes=1-4,3-6", 10, "1-6")]
    [InlineData("bytes=4-6,0-3", 10, "0-6")]
    [InlineData("bytes=1-2,50-60", 10, "1-2")]
    [InlineData("bytes=0-99999999999999999999", 10, "0-9")]
    [InlineData("bytes=-99999999999999999999", 10, "0-9")]
    [InlineData("bytes=5-,0-1", 10, "5-9,0-1")]
    public void Ranges_inside_the_resource_are_sent(string field, long length, string expected)
    {
        Assert.Equal(RangeHeader.Outcome.Partial, RangeHeader.Parse(field)!.Resolve(length, out var ranges));
        Assert.Equal(expected, string.Join(',', ranges.Select(range => $"{range.Offset}-{range.Last}")));
    }

    [Theory]
    [InlineData("bytes=10-", 10)]
    [InlineData("bytes=10-20", 10)]
    [InlineData("bytes=-0", 10)]
    [InlineData("bytes=10-11,99-", 10)]
    [InlineData("bytes=99999999999999999999-", 10)]
    public void Ranges_outside_the_resource_are_unsatisfiable(string field, long length) =>
        Assert.Equal(RangeHeader.Outcome.Unsatisfiable, RangeHeader.Parse(field)!.Resolve(length, out _));

    [Theory]
    [InlineData("bytes=0-5", 0)]
    [InlineData("bytes=-5", 0)]
    [InlineData("bytes=0-,0-", 10)]
    [InlineData("bytes=0-5,1-6,2-7", 10)]
    public void The_whole_is_sent_where_a_part_would_be_no_less(string field, long length) =>
        Assert.Equal(RangeHeader.Outcome.Whole, RangeHeader.Parse(field)!.Resolve(length, out _));

    [Theory]
    [InlineData("bytes")]
    [InlineData("bytes=")]
    [InlineData("bytes=,")]
    [InlineData("bytes=-")]
    [InlineData("bytes=5-2")]
    [InlineData("bytes=1-2,5-2")]
    [InlineData("bytes=a-b")]
    [InlineData("bytes=1 -2")]
    [InlineData("bytes=+1-2")]
    [InlineData("bytes=--2")]
    [InlineData("bytes=1-2-3")]
    [InlineData("bytes=0x1-2")]
    [InlineData("lines=1-2")]
    [InlineData(" bytes=1-2")]
    [InlineData("")]
    public void A_malformed_field_is_ignored(string field) => Assert.Null(RangeHeader.Parse(field));

    [Fact]
    public void Two_fields_are_ignored() => Assert.Null(RangeHeader.Parse(new string[] { "bytes=0-1", "bytes=3-4" }));

    [Fact]
    public void More_ranges_than_the_limit_are_ignored()
    {
        static string Field(int count) => "bytes=" + string.Join(',', Enumerable.Range(0, count).Select(i => $"{2 * i}-{2 * i}"));
        Assert.Equal(RangeHeader.Outcome.Partial, RangeHeader.Parse(Field(RangeHeader.RangesMax))!.Resolve(100_000, out var ranges));
        Assert.Equal(RangeHeader.RangesMax, ranges.Count);
        Assert.Null(RangeHeader.Parse(Field(RangeHeader.RangesMax + 1)));
    }

    [Theory]
    [InlineData("bytes=100-199", 100, 100)]
    [InlineData("bytes=100-", 100, long.MaxValue)]
    [InlineData("bytes=5-5,0-0", 5, 1)]
    public void A_fetch_starts_where_the_first_range_does(string field, long offset, long length) =>
        Assert.Equal((offset, length), RangeHeader.Parse(field)!.FirstDemand);

    [Fact]
    public void A_suffix_says_nothing_before_the_length_is_known() => Assert.Null(RangeHeader.Parse("bytes=-5")!.FirstDemand);

    [Fact]
    public void Merged_ranges_hold_exactly_the_bytes_asked_for()
    {
        const int Seed = 20_110_615;
        var random = new Random(Seed);
        for (var round = 0; round < 2000; round++)
        {
            var length = random.Next(1, 60);
            var asked = Enumerable.Range(0, random.Next(1, 6)).Select(_ => (First: random.Next(70), Count: random.Next(1, 20))).ToList();
            var field = "bytes=" + string.Join(',', asked.Select(range => $"{range.First}-{range.First + range.Count - 1}"));
            var expected = asked.SelectMany(range => Enumerable.Range(range.First, range.Count)).Where(position => position < length)
                .ToList();
            var outcome = RangeHeader.Parse(field)!.Resolve(length, out var ranges);
            if (outcome == RangeHeader.Outcome.Partial)
            {
                var sent = ranges.SelectMany(range => Enumerable.Range((int)range.Offset, (int)range.Length)).ToList();
                Assert.True(expected.Distinct().Order().SequenceEqual(sent.Order()), $"seed {Seed}, round {round}: {field} of {length}");
            }
            else
            {
                Assert.True(
                    outcome == RangeHeader.Outcome.Whole ? expected.Count > length : expected.Count == 0,
                    $"seed {Seed}, round {round}: {field} of {length}");
            }
        }
    }
}
