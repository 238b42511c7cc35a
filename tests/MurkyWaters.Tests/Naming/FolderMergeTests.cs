using MurkyWaters.Naming;
using PouringRain.Protocol;
using PouringRain.Protocol.Naming;

namespace MurkyWaters.Tests.Naming;

/// <summary>One page of those of several nodes.</summary>
public sealed class FolderMergeTests
{
    [Fact]
    public void Of_one_name_the_newest_counts_and_of_one_stamp_the_greatest_version_that_is_told()
    {
        var (less, greater) = (new Sha256Digest(1, 0), new Sha256Digest(2, 0));
        FolderEntry[] here = [Entry("a", 5, greater), Entry("b", 5, less), Entry("c", 5, null), Entry("d", 5, less)];
        FolderEntry[] there = [Entry("a", 4, greater), Entry("b", 5, greater), Entry("c", 5, less), Entry("d", 6, null)];
        FolderEntry[] newest = [here[0], there[1], there[2], there[3]];

        Assert.Equal(newest, Merge(here, there));
        Assert.Equal(newest, Merge(there, here));
    }

    private static IReadOnlyList<FolderEntry> Merge(params FolderEntry[][] pages) =>
        FolderMerge.Merge(new FolderQuery("", "", 10), pages.Select(page => ((IReadOnlyList<FolderEntry>)page, true))).Items;

    private static FolderEntry Entry(string name, long stamp, Sha256Digest? version) => new(name, false, 1, stamp, "text/plain", version);
}
