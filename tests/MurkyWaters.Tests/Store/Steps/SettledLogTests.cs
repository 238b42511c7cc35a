using MurkyWaters.Store.Catalog;

namespace MurkyWaters.Tests.Store.Steps;

/// <summary>A wait for the catalog's log fails, the disk is well again, and the machine stops before anything else is written.</summary>
public sealed class SettledLogTests
{
    [Fact]
    public async Task What_was_put_on_the_disk_another_way_is_one_state_whatever_the_disk_has_of_the_log()
    {
        using var folder = TemporaryFolder.InMemory();
        var disk = new RecordedDisk(folder["store"]);
        var isFailing = false;
        disk.Before = (_, step) => isFailing && step == "flush" ? new Fault(DiskErrorNumbers.InputOutput, IsLate: false) : null;
        DiskImage image;
        using (var store = new StoreFixture(ScheduleRun.Options(folder["store"]) with { Disk = disk, BeforeStep = disk.Step }))
        {
            await store.PutAsync(1, Bytes.Random(300, 1));
            await store.PutAsync(2, Bytes.Random(300, 2));
            isFailing = true;
            await Assert.ThrowsAsync<StoreReadOnlyException>(() => store.DeleteAsync(1));
            isFailing = false;
            store.Store.Files.Health.TryRecover();
            Assert.Null(store.Store.Files.Health.Trouble);
            image = disk.Copy();
        }

        for (var seed = 0; seed < 50; seed++)
        {
            image.Write(folder["stopped"], new Random(seed));
            using (var connection = CatalogConnection.Open(Path.Combine(folder["stopped"], CatalogSchema.FileName), isWriter: true))
            {
                using var reader = connection.Prepare("PRAGMA integrity_check").Read();
                Assert.True(reader.Read());
                Assert.Equal("ok", reader.GetString(0));
            }

            using (var store = new StoreFixture(ScheduleRun.Options(folder["stopped"])))
            {
                Assert.True(
                    store.Store.Catalog.TombstoneCount == 1 != (await store.ReadAsync(1) is not null), "it is deleted, and there");
                Assert.Equal(Bytes.Random(300, 2), await store.ReadAsync(2));
            }

            Directory.Delete(folder["stopped"], recursive: true);
        }
    }
}
