using MurkyWaters.Fetching;

namespace MurkyWaters.Tests.Fetching;

/// <summary>The memory of the fetches, divided.</summary>
public class FetchBudgetTests
{
    private const long Block = 1 << 20, Window = 64 * Block;

    private static readonly TimeSpan Long = TimeSpan.FromMinutes(4);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task WithPlentyOfMemoryEveryFetchHasAWholeWindow()
    {
        var budget = new FetchBudget(4096 * Block, 128, Window);
        for (var i = 0; i < 32; i++)
        {
            Assert.Equal(Window, (await EnterAsync(budget, 1))!.Bytes);
        }
    }

    [Fact]
    public async Task NoMoreIsGivenThanThereIsAndTheRestWaits()
    {
        var budget = new FetchBudget(96 * Block, 128, Window);
        var entries = Enumerable.Range(0, 64).Select(_ => EnterAsync(budget, 1)).ToList();
        var most = 0L;
        while (entries.Count > 0)
        {
            var (bytes, count, waiting) = budget.Used;
            most = Math.Max(most, bytes);
            Assert.Equal(entries.Count, count + waiting);
            Assert.All(await Task.WhenAll(entries.Take(count)), Assert.NotNull);
            (await entries[0])!.Dispose();
            entries.RemoveAt(0);
        }

        Assert.InRange(most, 90 * Block, 96 * Block);
        Assert.Equal((0, 0, 0), budget.Used);
    }

    [Fact]
    public async Task NetworksTakeTurnsHoweverManyOfOneStandInLine()
    {
        var budget = new FetchBudget(96 * Block, 1, Window);
        var first = await EnterAsync(budget, 1);
        var many = Enumerable.Range(0, 100).Select(_ => EnterAsync(budget, 1)).ToList();
        var other = EnterAsync(budget, 2);
        first!.Dispose();
        (await many[0])!.Dispose();
        Assert.NotNull(await other);
        Assert.Equal(99, budget.Used.Waiting);
    }

    [Fact]
    public async Task WhoLeavesTheLineHoldsNothingUp()
    {
        var budget = new FetchBudget(96 * Block, 1, Window);
        var first = await EnterAsync(budget, 1);
        Assert.Null(await budget.EnterAsync(1, 2 * Block, TimeSpan.Zero, Cancellation));
        using var left = new CancellationTokenSource();
        var second = budget.EnterAsync(1, 2 * Block, Long, left.Token);
        var third = EnterAsync(budget, 1);
        await left.CancelAsync();
        Assert.Null(await second);
        first!.Dispose();
        Assert.NotNull(await third);
        Assert.Equal(0, budget.Used.Waiting);
    }

    [Fact]
    public async Task WhatIsLargerThanAllIsGivenAlone()
    {
        var budget = new FetchBudget(16 * Block, 8, Window);
        var large = await budget.EnterAsync(1, 128 * Block, Long, Cancellation);
        Assert.Equal(128 * Block, large!.Bytes);
        var next = EnterAsync(budget, 1);
        Assert.False(next.IsCompleted);
        large.Dispose();
        Assert.NotNull(await next);
    }

    [Fact]
    public async Task WhoOnlyAsksTakesNoMoreThanHalf()
    {
        var budget = new FetchBudget(96 * Block, 8, Window);
        var asking = Enumerable.Range(0, 20).Select(_ => budget.TryEnter(2 * Block)).Count(grant => grant is not null);
        Assert.Equal(4, asking);
        Assert.NotNull(await budget.EnterAsync(1, 2 * Block, TimeSpan.Zero, Cancellation));
    }

    private static Task<FetchBudget.Grant?> EnterAsync(FetchBudget budget, uint network) => budget.EnterAsync(network, 2 * Block, Long, Cancellation);
}
