// Memory, threads and the description of the device.
#include <atomic>
#include <thread>

#include "kernels/cpu/thread_pool.h"
#include "kernels/device_error.h"
#include "kernels/roofline.h"
#include "tests/kernels/naive.h"

namespace flightdeck::test {

class CpuBackendTest : public QObject {
  Q_OBJECT
 private slots:
  void info_names_the_processor();
  void memory_is_aligned_and_copies();
  void too_much_memory_is_refused_by_name();
  void impossible_group_is_refused_by_name();
  void every_half_survives();
  void floats_round_to_the_nearest_half();
  void pool_covers_the_range_once_data();
  void pool_covers_the_range_once();
  void pool_wakes_up_after_sleep();
  void pool_ends_while_workers_wake_up();
  void cuda_says_why_it_is_not_there();
  void read_bandwidth_is_plausible();
};

void CpuBackendTest::info_names_the_processor() {
  const DeviceInfo info = make_cpu_backend({2})->info();
  QCOMPARE(info.id, std::string("cpu"));
  QVERIFY2(info.name.find(", 2 threads, ") != std::string::npos, info.name.c_str());
  QVERIFY(info.free_bytes > 0 && info.free_bytes <= info.total_bytes);
}

void CpuBackendTest::memory_is_aligned_and_copies() {
  const auto backend = make_cpu_backend();
  const Floats values = random_floats(1000, 1);
  Floats back(values.size());
  for (const size_t bytes : {size_t{1}, size_t{4000}, size_t{20} << 20}) {
    const Buffer buffer = backend->allocate(bytes);
    QCOMPARE(reinterpret_cast<uintptr_t>(buffer.data()) % 64, uintptr_t{0});
    QCOMPARE(buffer.bytes(), bytes);
  }
  const Buffer buffer = backend->allocate(4000);
  backend->upload(buffer.data(), values.data(), 4000);
  backend->download(back.data(), buffer.data(), 4000);
  QCOMPARE(back, values);
}

void CpuBackendTest::too_much_memory_is_refused_by_name() {
  const auto backend = make_cpu_backend();
  for (const size_t bytes : {size_t{1} << 50, ~size_t{0}}) {
    try {
      backend->allocate(bytes);
      QFAIL("allocated");
    } catch (const DeviceOutOfMemory& error) {
      QCOMPARE(error.needed_bytes, bytes);
      QVERIFY(error.free_bytes > 0);
      QVERIFY(std::string(error.what()).find("are free") != std::string::npos);
    }
  }
}

void CpuBackendTest::impossible_group_is_refused_by_name() {
  const auto backend = make_cpu_backend();
  for (const int group : {0, -8, 12, 48}) {
    QVERIFY_EXCEPTION_THROWN(backend->packed_bytes(WeightFormat::int4_group, 16, 64, group), DeviceError);
  }
}

void CpuBackendTest::every_half_survives() {
  for (uint32_t bits = 0; bits < 0x10000; ++bits) {
    const float value = cpu::float_of_half(static_cast<uint16_t>(bits));
    if (std::isnan(value)) {
      QVERIFY(std::isnan(cpu::float_of_half(cpu::half_of_float(value))));
    } else {
      QCOMPARE(uint32_t{cpu::half_of_float(value)}, bits);
    }
  }
  QCOMPARE(cpu::float_of_half(0x3555), 0.33325195f);
  QCOMPARE(cpu::float_of_half(0x0001), 0x1p-24f);
}

void CpuBackendTest::floats_round_to_the_nearest_half() {
  QCOMPARE(int{cpu::half_of_float(1.0f + 0x1p-11f)}, 0x3C00);  // a tie goes to even
  QCOMPARE(int{cpu::half_of_float(1.0f + 0x1p-11f + 0x1p-20f)}, 0x3C01);
  QCOMPARE(int{cpu::half_of_float(65519.0f)}, 0x7BFF);
  QCOMPARE(int{cpu::half_of_float(65520.0f)}, 0x7C00);
  QCOMPARE(int{cpu::half_of_float(-0x1p-25f)}, 0x8000);
  QCOMPARE(int{cpu::half_of_float(0x1.8p-25f)}, 0x0001);
}

void CpuBackendTest::pool_covers_the_range_once_data() {
  QTest::addColumn<int>("threads");
  QTest::addColumn<int>("count");
  for (const int threads : {1, 2, 5}) {
    for (const int count : {0, 1, 2, 7, 1000}) QTest::addRow("%d threads, %d", threads, count) << threads << count;
  }
}
void CpuBackendTest::pool_covers_the_range_once() {
  QFETCH(int, threads);
  QFETCH(int, count);
  ThreadPool pool(threads);
  for (int round = 0; round < 200; ++round) {
    std::vector<std::atomic<int>> visits(static_cast<size_t>(count));
    std::atomic<bool> known_thread = true;
    pool.parallel_for(count, 1, [&](int begin, int end, int thread) {
      if (thread < 0 || thread >= threads) known_thread = false;
      for (int i = begin; i < end; ++i) ++visits[static_cast<size_t>(i)];
    });
    QVERIFY(known_thread && std::all_of(visits.begin(), visits.end(), [](const auto& n) { return n == 1; }));
  }
}

void CpuBackendTest::pool_ends_while_workers_wake_up() {
  std::atomic<int> sum = 0;
  for (int round = 0; round < 300; ++round) {
    ThreadPool pool(5);
    pool.parallel_for(2, 1, [&](int begin, int end, int) { sum += end - begin; });
  }
  QCOMPARE(sum.load(), 600);
}

void CpuBackendTest::pool_wakes_up_after_sleep() {
  ThreadPool pool(3);
  for (int round = 0; round < 20; ++round) {
    std::atomic<int> sum = 0;
    pool.parallel_for(100, 1, [&](int begin, int end, int) { sum += end - begin; });
    QCOMPARE(sum.load(), 100);
    const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(2);
    while (std::chrono::steady_clock::now() < until) std::this_thread::yield();  // the workers stop spinning meanwhile
  }
}

void CpuBackendTest::cuda_says_why_it_is_not_there() {
  if (cuda_device_count() > 0) QSKIP("this machine has a CUDA device");
  QVERIFY(!cuda_status().empty());
  QVERIFY_EXCEPTION_THROWN(make_cuda_backend(), DeviceError);
}

void CpuBackendTest::read_bandwidth_is_plausible() {
  const double bandwidth = measure_read_bandwidth(2);
  QVERIFY2(bandwidth > 1e8 && bandwidth < 1e13, qPrintable(QString::number(bandwidth)));
}

}  // namespace flightdeck::test

QTEST_GUILESS_MAIN(flightdeck::test::CpuBackendTest)
#include "cpu_backend_test.moc"
