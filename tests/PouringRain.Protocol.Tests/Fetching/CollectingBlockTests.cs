using PouringRain.Coding;

namespace PouringRain.Protocol.Tests.Fetching;

public class CollectingBlockTests
{
    private const int SymbolSize = 16, SymbolCount = 10;

    private static readonly IFountainCode Code = FountainCodes.TryGet("raptorq", out var code)
        ? code
        : throw new InvalidOperationException();

    [Fact]
    public void MemoryComesWithTheFirstSymbolAndGoesRound()
    {
        using var pool = new BlockPool(Code, SymbolSize, SymbolCount);
        var first = new CollectingBlock(0, SymbolSize * SymbolCount, SymbolSize, Code);
        var second = new CollectingBlock(1, SymbolSize * SymbolCount, SymbolSize, Code);
        Assert.Null(first.Decoder);
        Assert.Equal(0, first.ReceivedCount);
        Assert.False(first.CanDecode);
        Assert.Equal(SymbolCount, first.Deficit(0));

        Assert.Equal(AddResult.Accepted, first.Add(0, new byte[SymbolSize], pool));
        Assert.Equal(1, first.ReceivedCount);
        var memory = first.Memory;
        first.GiveBack(pool);
        Assert.Null(first.Decoder);

        // Nothing of the block before is left in it.
        Assert.Equal(AddResult.Accepted, second.Add(0, new byte[SymbolSize], pool));
        Assert.Same(memory, second.Memory);
        Assert.Equal(1, second.ReceivedCount);
    }
}
