namespace MurkyWaters.Tests;

/// <summary>Bytes that tests make, store and compare.</summary>
internal static class Bytes
{
    public static byte[] Random(int count, int seed)
    {
        var bytes = new byte[count];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    public static async Task<byte[]> ReadAllAsync(ResourceReader reader)
    {
        var bytes = new byte[reader.Manifest.Layout.Length];
        var offset = 0;
        while (offset < bytes.Length)
        {
            var count = await reader.ReadAsync(offset, bytes.AsMemory(offset), TestContext.Current.CancellationToken);
            Assert.NotEqual(0, count);
            offset += count;
        }

        Assert.Equal(0, await reader.ReadAsync(offset, new byte[1], TestContext.Current.CancellationToken));
        return bytes;
    }
}
