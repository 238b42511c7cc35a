using MurkyWaters.Store.Catalog;
using PouringRain.Protocol;

namespace MurkyWaters.Tests.Store;

public sealed class IdSetTests
{
    /// <summary>Random additions and removals of few and of neighbouring ids, against a set of the framework.</summary>
    [Theory]
    [InlineData(1, 50)]
    [InlineData(2, 3000)]
    [InlineData(3, 100_000)]
    public void It_is_a_set(int seed, int range)
    {
        var random = new Random(seed);
        var model = new HashSet<ulong>();
        var set = new IdSet();
        for (var i = 0; i < 30_000; i++)
        {
            var id = (ulong)random.Next(range) * (i % 3 == 0 ? 0x9E37_79B9ul : 1);
            if (random.Next(5) < 3)
            {
                model.Add(id);
                set.Add(new ResourceId(id));
            }
            else
            {
                model.Remove(id);
                set.Remove(new ResourceId(id));
            }

            Assert.Equal(model.Contains(id), set.Contains(new ResourceId(id)));
        }

        Assert.Equal(model.Count, set.Count);
        Assert.All(model, id => Assert.True(set.Contains(new ResourceId(id))));
        Assert.All(Enumerable.Range(0, range), i => Assert.Equal(model.Contains((ulong)i), set.Contains(new ResourceId((ulong)i))));
    }

    [Fact]
    public void A_million_ids_take_less_than_24_bytes_each()
    {
        var set = new IdSet();
        for (var i = 0ul; i < 1_000_000; i++)
        {
            set.Add(new ResourceId(i * 0x1234_5678_9ABC));
        }

        Assert.InRange(set.Bytes, 1, 24_000_000);
    }
}
