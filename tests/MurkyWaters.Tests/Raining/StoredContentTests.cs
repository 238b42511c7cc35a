using MurkyWaters.Raining;
using MurkyWaters.Tests.Store;
using PouringRain.Coding;
using PouringRain.Protocol;

namespace MurkyWaters.Tests.Raining;

public sealed class StoredContentTests : IDisposable
{
    private const int Length = 10_450;

    private readonly TemporaryFolder _folder = new();

    public static TheoryData<string> Codes => [.. FountainCodes.All.Select(code => code.Name)];

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(Codes))]
    public async Task SymbolsAreThoseOfTheCode(string name)
    {
        using var store = Open();
        var content = await PutAsync(store, name);
        Assert.True(FountainCodes.TryGet(name, out var code));
        var bytes = Bytes.Random(Length, 1);
        var layout = content.Manifest.Layout;
        var expected = new byte[100];
        var actual = new byte[100];
        for (var block = 0; block < layout.BlockCount; block++)
        {
            using var encoder = code.CreateEncoder(layout.SymbolsOf(block), 100);
            encoder.Begin((uint)block, bytes.AsMemory((int)layout.OffsetOf(block), layout.BytesOf(block)));
            foreach (var esi in (uint[])[0, 1, (uint)layout.SymbolsOf(block) - 1, (uint)layout.SymbolsOf(block), 1000,
                code.EncodingSymbolIdMax])
            {
                encoder.Encode(esi, expected);
                await ReadAsync(content, block, esi, actual);
                Assert.Equal(expected, actual);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Codes))]
    public async Task SmallSymbolsAreThoseOfTheSameBlocks(string name)
    {
        using var store = Open(symbolSize: 1408);
        var content = await PutAsync(store, name);
        Assert.True(FountainCodes.TryGet(name, out var code));
        var bytes = Bytes.Random(Length, 1);
        var sizes = new List<int>();
        foreach (var layout in (ResourceLayout[])[content.Manifest.Layout, content.Manifest.SmallLayout, content.Manifest.Layout])
        {
            var expected = new byte[layout.SymbolSize];
            var actual = new byte[layout.SymbolSize];
            sizes.Add(layout.SymbolSize);
            for (var block = 0; block < layout.BlockCount; block++)
            {
                using var encoder = code.CreateEncoder(layout.SymbolsOf(block), layout.SymbolSize);
                encoder.Begin((uint)block, bytes.AsMemory((int)layout.OffsetOf(block), layout.BytesOf(block)));
                for (var esi = 0u; esi < 2 * layout.SymbolsOf(block); esi++)
                {
                    encoder.Encode(esi, expected);
                    await ReadAsync(content, block, esi, actual);
                    Assert.Equal(expected, actual);
                }
            }
        }

        Assert.Equal([1408, 1152, 1408], sizes);
    }

    [Theory]
    [MemberData(nameof(Codes))]
    public async Task SymbolsInARunAreThoseReadOneByOne(string name)
    {
        using var store = Open();
        var content = await PutAsync(store, name);
        var layout = content.Manifest.Layout;
        var symbol = new byte[100];
        foreach (var stride in (int[])[100, 126])
        {
            for (var block = 0; block < layout.BlockCount; block++)
            {
                // From within the source symbols over the last one, which may be padded, to repair symbols.
                for (var first = 0u; first < 12; first += 3)
                {
                    var run = new byte[(7 * stride) + 100];
                    for (var i = 0; i < 8; i++)
                    {
                        await ReadAsync(content, block, first + (uint)i, symbol);
                        symbol.CopyTo(run, i * stride);
                    }

                    // The block is ready by now.
                    var again = new byte[run.Length];
                    Assert.Equal(SymbolReadResult.Ok, content.TryReadSymbols(block, first, 100, again, stride, out var written));
                    Assert.Equal(8, written);
                    for (var i = 0; i < 8; i++)
                    {
                        Assert.Equal(run.AsSpan(i * stride, 100), again.AsSpan(i * stride, 100));
                    }
                }
            }
        }
    }

    [Theory]
    [MemberData(nameof(Codes))]
    public async Task ManyThreadsShareFewEncoders(string name)
    {
        // Room for three blocks of eleven.
        using var store = Open(encoderBytesMax: 3 * 2 * 1000);
        var content = await PutAsync(store, name);
        Assert.True(FountainCodes.TryGet(name, out var code));
        var bytes = Bytes.Random(Length, 1);
        var layout = content.Manifest.Layout;
        var encoders = Enumerable.Range(0, layout.BlockCount).Select(block =>
        {
            var encoder = code.CreateEncoder(layout.SymbolsOf(block), 100);
            encoder.Begin((uint)block, bytes.AsMemory((int)layout.OffsetOf(block), layout.BytesOf(block)));
            return encoder;
        }).ToArray();

        await Task.WhenAll(Enumerable.Range(0, 4).Select(seed => Task.Run(async () =>
        {
            var random = new Random(seed);
            var expected = new byte[100];
            var actual = new byte[100];
            for (var i = 0; i < 60; i++)
            {
                var block = random.Next(layout.BlockCount);
                var esi = (uint)random.Next(10, 5000);
                await ReadAsync(content, block, esi, actual);
                encoders[block].Encode(esi, expected);
                Assert.Equal(expected, actual);
                Assert.InRange(store.Store.Encoders.Bytes, 0, 3 * 2 * 1000);
            }
        })));
    }

    [Theory]
    [MemberData(nameof(Codes))]
    public async Task WhatIsNotThereIsUnavailable(string name)
    {
        using var store = Open();
        var content = await PutAsync(store, name);
        var symbol = new byte[100];

        Assert.Equal(SymbolReadResult.Unavailable, content.TryReadSymbol(11, 0, symbol));
        Assert.Equal(SymbolReadResult.Unavailable, content.TryReadSymbol(-1, 0, symbol));
        Assert.Equal(SymbolReadResult.Unavailable, content.TryReadSymbol(0, uint.MaxValue, symbol));
        Assert.Equal(SymbolReadResult.Unavailable, content.TryReadSymbol(0, 0, symbol.AsSpan(1)));
        await store.DeleteAsync(1);
        SymbolReadResult result;
        while ((result = content.TryReadSymbol(5, 1234, symbol)) == SymbolReadResult.NotReady)
        {
            await Task.Yield();
        }

        Assert.Equal(SymbolReadResult.Unavailable, result);
    }

    [Fact]
    public async Task ACodeThatThisBuildDoesNotKnowIsServedButNotRained()
    {
        using var store = Open();
        var content = await PutAsync(store, "parity");

        Assert.Equal(SymbolReadResult.Unavailable, content.TryReadSymbol(0, 0, new byte[100]));
        Assert.Equal(Bytes.Random(Length, 1), await store.ReadAsync(1));
    }

    [Fact]
    public async Task AReplacedVersionRainsOnForThoseInTheMiddleOfIt()
    {
        using var store = Open();
        var old = await PutAsync(store, FountainCodes.All[0].Name);
        await store.PutAsync(1, Bytes.Random(100, 2));

        Assert.Same(old, store.Store.Find(new ResourceId(1), old.Manifest.Version.Tag));
        Assert.NotSame(old, store.Store.Find(new ResourceId(1)));
        Assert.Null(store.Store.Find(new ResourceId(1), 12345));
        var symbol = new byte[100];
        await ReadAsync(old, 3, 7, symbol);

        await store.DeleteAsync(1);
        Assert.True(store.Store.Find(new ResourceId(1))!.Manifest.IsDeleted);
    }

    private static async Task ReadAsync(IRainContent content, int block, uint esi, byte[] symbol)
    {
        var started = TimeProvider.System.GetTimestamp();
        SymbolReadResult result;
        while ((result = content.TryReadSymbol(block, esi, symbol)) == SymbolReadResult.NotReady)
        {
            Assert.True(TimeProvider.System.GetElapsedTime(started) < TimeSpan.FromSeconds(20), "The block was never ready.");
            await Task.Delay(1);
        }

        Assert.Equal(SymbolReadResult.Ok, result);
    }

    private static async Task<StoredContent> PutAsync(StoreFixture store, string code)
    {
        await store.PutAsync(1, Bytes.Random(Length, 1), new UploadOptions { Code = code });
        return (StoredContent)store.Store.Find(new ResourceId(1))!;
    }

    private StoreFixture Open(long encoderBytesMax = 1 << 20, int symbolSize = 100)
    {
        var options = StoreFixture.SmallBlocks(_folder.FullPath);
        return new(
            options with
            {
                EncoderBytesMax = encoderBytesMax,
                SymbolSize = symbolSize,
                BlockSize = Math.Max(options.BlockSize, 3 * symbolSize),
            });
    }
}
