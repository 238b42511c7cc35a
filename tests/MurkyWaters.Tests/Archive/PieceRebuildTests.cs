using PouringRain.Coding.Erasure;

namespace MurkyWaters.Tests.Archive;

public class PieceRebuildTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>Files of pieces alone, among them one that is damaged and one that is something else.</summary>
    [Fact]
    public async Task ElevenFilesAreEnough()
    {
        using var folder = new TemporaryFolder();
        var pieces = new Pieces(100_003, 2_000, ErasureCodes.RapidRaid);
        pieces.Bodies[6][3] ^= 1;
        var paths = new List<string>();
        foreach (var index in (int[])[0, 2, 3, 5, 6, 8, 9, 10, 11, 13, 14, 15])
        {
            paths.Add(folder[$"p{index}"]);
            await File.WriteAllBytesAsync(paths[^1], pieces.Bodies[index], Cancellation);
        }

        paths.Add(folder["other"]);
        await File.WriteAllBytesAsync(paths[^1], Bytes.Random(5_000, 1), Cancellation);
        var told = new List<string>();
        using var target = new MemoryStream();

        using var rebuild = PieceRebuild.TryOpen(paths, told.Add);
        await rebuild!.WriteAsync(target, told.Add, Cancellation);

        Assert.Equal(pieces.Whole, target.ToArray());
        Assert.Equal("a.txt", rebuild.Manifest.FileName);
        Assert.Contains(told, line => line.Contains("no piece", StringComparison.Ordinal));
        Assert.Contains("Piece 6 is damaged; others are taken.", told);
    }

    [Fact]
    public async Task TenFilesAreTooFewAndThatIsSaid()
    {
        using var folder = new TemporaryFolder();
        var pieces = new Pieces(10_003, 2_000, ErasureCodes.RapidRaid);
        var paths = new List<string>();
        for (var index = 0; index < 10; index++)
        {
            paths.Add(folder[$"p{index}"]);
            await File.WriteAllBytesAsync(paths[^1], pieces.Bodies[index], Cancellation);
        }

        var told = new List<string>();

        Assert.Null(PieceRebuild.TryOpen(paths, told.Add));
        Assert.Contains(told, line => line.Contains("11 are wanted", StringComparison.Ordinal));
    }
}
